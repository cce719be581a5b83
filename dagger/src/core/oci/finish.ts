import type { EngineImage, FinishedLayer } from "./engine-image.js"
import { estargzAnnotations } from "./estargz.js"
import {
  blobPath,
  canonicalJson,
  digestOf,
  LAYER_MEDIA_TYPE,
  layoutError,
  LAYOUT_VERSION,
  MEDIA_TYPE,
  type Descriptor,
} from "./documents.js"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"
import type { Compression } from "../request/compression.js"

/** A Docker health check. Times in seconds. */
export interface Healthcheck {
  /** The command and its arguments, run without a shell. */
  command: readonly string[]
  intervalSeconds: number
  timeoutSeconds: number
  startPeriodSeconds: number
  retries: number
}

/** Parts of a published image that Dagger's export cannot write. */
export interface FinishOptions {
  /** Exactly the platforms that the image must have. */
  platforms: readonly PlatformName[]
  /** Creation time of the images and of every step of their history, ISO 8601. */
  created: string
  /** For the index and every platform's manifest. */
  annotations: Readonly<Record<string, string>>
  /** For one platform's manifest, in addition to the common ones: the digest of its base image, for example. */
  platformAnnotations?: Partial<Record<PlatformName, Readonly<Record<string, string>>>>
  healthcheck?: Healthcheck
  /** The compression that every layer must have; defaults to `gzip`. */
  compression?: Compression
  /**
   * What each layer of a platform's image is, from the base up, for its history. If their number differs from the image's, so that they
   * cannot be matched, layers are numbered instead.
   */
  layers?: Partial<Record<PlatformName, readonly string[]>>
}

export interface FinishedLayout {
  /** Every file to write into the layout besides the layers, by path: `index.json`, `oci-layout`, `blobs/sha256/…`. */
  files: ReadonlyMap<string, string>
  /** Digest of the image index, to which a registry's tag points. */
  index: string
  platforms: ReadonlyMap<PlatformName, FinishedPlatform>
}

export interface FinishedPlatform {
  /** Digest of the platform's manifest. */
  digest: string
  /** Sum of the compressed layers. */
  compressedBytes: number
  /** From the base up. */
  layers: readonly FinishedLayer[]
}

/** Lets tools that address a layout's images by name find the only one; regctl looks for it by default. */
const NAME_IN_LAYOUT = { "org.opencontainers.image.ref.name": "latest" }

/**
 * Marks an image with zstd layers in an index for podman, skopeo and buildah.
 * They would add it when copying the index, which would change the digest.
 */
const ZSTD = { "io.github.containers.compression.zstd": "true" }

const NANOSECONDS = 1_000_000_000

/**
 * Computes the documents of the layout to publish from the configurations that Dagger wrote. The engine takes creation times from the clock, keeps the
 * addresses of local registries and whole commands in the history, and drops health checks and index annotations (v0.19.10).
 * Equal layers, configurations and options give equal bytes.
 *
 * The result's index.json names one image index, even for a single platform: skopeo, crane and regctl can all read this
 * form given nothing but the folder.
 *
 * @throws RunnerImagesError BUILD_FAILED when the layout does not have exactly the platforms and the compression of the options
 */
export function finishLayout(built: readonly EngineImage[], options: FinishOptions): FinishedLayout {
  const finished = [...byPlatform(built, options.platforms)].map(([platform, image]) =>
    finishImage(platform, image, options),
  )
  const index = blob(MEDIA_TYPE.index, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: finished.map(({ manifest, platform }) => ({
      ...manifest.descriptor,
      platform: { os: "linux", architecture: spelling(platform).arch },
      ...(options.compression === "zstd" ? { annotations: ZSTD } : {}),
    })),
    annotations: options.annotations,
  })
  const root = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: [{ ...index.descriptor, annotations: NAME_IN_LAYOUT }],
  }
  const files = new Map([
    ["oci-layout", LAYOUT_VERSION],
    ["index.json", canonicalJson(root)],
    ...[index, ...finished.flatMap(({ config, manifest }) => [config, manifest])].map(
      ({ descriptor, text }) => [blobPath(descriptor.digest), text] as const,
    ),
  ])
  return {
    files,
    index: index.descriptor.digest,
    platforms: new Map(
      finished.map(({ platform, manifest, compressedBytes, layers }) => [
        platform,
        { digest: manifest.descriptor.digest, compressedBytes, layers },
      ]),
    ),
  }
}

/** The images in the order of the platform table, not in that of the build. */
function byPlatform(images: readonly EngineImage[], wanted: readonly PlatformName[]): Map<PlatformName, EngineImage> {
  const named = images.map((image) => ({ name: `${image.config.os}/${image.config.architecture}`, image }))
  const sorted = PLATFORMS.filter((platform) => wanted.includes(platform)).map((platform) => {
    const found = named.filter(({ name }) => name === platform)
    const [first] = found
    if (!first || found.length > 1) throw layoutError(`it has ${String(found.length)} images for ${platform}, not one`)
    return [platform, first.image] as const
  })
  if (sorted.length !== images.length)
    throw layoutError(`it has images for ${named.map(({ name }) => name).join(", ")}, not for ${wanted.join(", ")}`)
  return new Map(sorted)
}

function finishImage(platform: PlatformName, { config: built, layers }: EngineImage, options: FinishOptions) {
  const { compression = "gzip" } = options
  const other = layers.find(({ mediaType }) => mediaType !== LAYER_MEDIA_TYPE[compression])
  if (other) throw layoutError(`${platform} has a layer of ${other.mediaType} instead of ${compression}`)
  const mixed = layers.find(({ estargz }) => (estargz !== undefined) !== (compression === "estargz"))
  if (mixed)
    throw layoutError(
      `${platform} has a layer ${mixed.estargz === undefined ? "without" : "with"} a table of contents, compressed as ${compression}`,
    )
  const config = blob(MEDIA_TYPE.config, {
    ...built,
    created: options.created,
    config: {
      ...built.config,
      ...(options.healthcheck && { Healthcheck: dockerHealthcheck(options.healthcheck) }),
    },
    rootfs: { ...built.rootfs, diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_layer, place) => ({
      created: options.created,
      created_by: layerName(place, layers.length, options.layers?.[platform]),
    })),
  })
  const manifest = blob(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: config.descriptor,
    layers: layers.map(({ mediaType, digest, size, estargz }) => ({
      mediaType,
      digest,
      size,
      ...(estargz === undefined ? {} : { annotations: estargzAnnotations(estargz) }),
    })),
    annotations: { ...options.annotations, ...options.platformAnnotations?.[platform] },
  })
  return { platform, config, manifest, layers, compressedBytes: layers.reduce((sum, { size }) => sum + size, 0) }
}

function layerName(place: number, count: number, names: readonly string[] | undefined): string {
  const given = names?.length === count ? names[place] : undefined
  return given ?? (place === 0 ? "base image" : `layer ${String(place + 1)} of ${String(count)}`)
}

function dockerHealthcheck(check: Healthcheck) {
  return {
    Test: ["CMD", ...check.command],
    Interval: check.intervalSeconds * NANOSECONDS,
    Timeout: check.timeoutSeconds * NANOSECONDS,
    StartPeriod: check.startPeriodSeconds * NANOSECONDS,
    Retries: check.retries,
  }
}

function blob(mediaType: string, content: unknown): { descriptor: Descriptor; text: string } {
  const text = canonicalJson(content)
  return { descriptor: { mediaType, digest: digestOf(text), size: Buffer.byteLength(text) }, text }
}
