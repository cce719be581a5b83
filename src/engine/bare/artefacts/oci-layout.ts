import { createHash, type Hash } from "node:crypto"
import { createReadStream, createWriteStream, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGzip } from "node:zlib"
import {
  LAYER_MEDIA_TYPE,
  LAYOUT_VERSION,
  MEDIA_TYPE,
  type Descriptor,
} from "../../../../dagger/src/core/oci/documents.js"

const LAYER_TYPE = LAYER_MEDIA_TYPE.gzip

export interface LayoutImage {
  architecture: string
  /** Path of the root file system, an uncompressed tar. */
  rootfs: string
}

/**
 * Writes an OCI layout with one index of one image per architecture, named by `tag`. The same tars give the same digests.
 *
 * @param created ISO 8601
 * @returns the index's digest
 */
export async function writeLayout(
  folder: string,
  tag: string,
  created: string,
  images: readonly LayoutImage[],
): Promise<string> {
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true })
  const manifests: (Descriptor & { platform: object })[] = []
  for (const image of images) {
    const layer = await writeLayer(folder, image.rootfs)
    const config = writeBlob(folder, MEDIA_TYPE.config, imageConfig(image.architecture, created, layer.diffId))
    const manifest = writeBlob(folder, MEDIA_TYPE.manifest, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config,
      layers: [layer.descriptor],
    })
    manifests.push({ ...manifest, platform: { os: "linux", architecture: image.architecture } })
  }
  const index = writeBlob(folder, MEDIA_TYPE.index, { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })
  const named = { ...index, annotations: { "org.opencontainers.image.ref.name": tag } }
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }))
  writeFileSync(join(folder, "oci-layout"), LAYOUT_VERSION)
  return index.digest
}

/** The same for every architecture except for its name and its layer. */
export function imageConfig(architecture: string, created: string, diffId: string): object {
  return {
    created,
    architecture,
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Cmd: ["bash"],
    },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, created_by: "the distribution's package archive" }],
  }
}

/** Writes a JSON document into a layout. */
export function writeBlob(folder: string, mediaType: string, content: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(content))
  const hex = createHash("sha256").update(bytes).digest("hex")
  writeFileSync(join(folder, "blobs", "sha256", hex), bytes)
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
}

async function writeLayer(folder: string, rootfs: string): Promise<{ diffId: string; descriptor: Descriptor }> {
  const plain = createHash("sha256")
  const compressed = createHash("sha256")
  const temporary = join(folder, "layer.new")
  await pipeline(
    createReadStream(rootfs),
    digesting(plain),
    createGzip({ level: 6 }),
    digesting(compressed),
    createWriteStream(temporary),
  )
  const hex = compressed.digest("hex")
  const size = statSync(temporary).size
  renameSync(temporary, join(folder, "blobs", "sha256", hex))
  return {
    diffId: `sha256:${plain.digest("hex")}`,
    descriptor: { mediaType: LAYER_TYPE, digest: `sha256:${hex}`, size },
  }
}

function digesting(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(undefined, chunk)
    },
  })
}
