import { z } from "zod"
import { RunnerImagesError } from "../errors.js"
import { descriptorSchema, digestOf, type Descriptor } from "../oci/documents.js"
import { platformText } from "../platforms.js"
import { firstIssue } from "../text/json.js"
import { isDeepJson } from "../text/nesting.js"
import type { PublishedImages } from "./published-images.js"

/** Docker's older types have the same fields. */
const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]
const CONFIG_TYPES = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"]
/** buildx puts its attestations beside the platforms, as images of this platform. */
const NO_PLATFORM = "unknown/unknown"

const annotationsSchema = z.record(z.string(), z.string()).optional()

/** Any manifest or index of a registry: what others have pushed is read as well. */
const documentSchema = z.looseObject({
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema.optional(),
  layers: z.array(descriptorSchema).optional(),
  manifests: z.array(descriptorSchema).optional(),
  subject: descriptorSchema.optional(),
  annotations: annotationsSchema,
})
export type PublishedDocument = z.infer<typeof documentSchema>

const configSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  created: z.string().optional(),
  config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
})
export type PublishedConfig = z.infer<typeof configSchema>

/** One platform of a published image. */
export interface PublishedPlatform {
  /** As OCI spells it. */
  platform: string
  /** Digest of the platform's manifest. */
  digest: string
  /** Undefined unless it had to be read, see {@link readPlatform}. */
  manifest?: PublishedDocument
  config?: PublishedConfig
}

/** What a reference leads to. */
export interface PublishedImage {
  repository: string
  digest: string
  document: PublishedDocument
  /** Whether it is an index, for any number of platforms, and not one platform's manifest. */
  isIndex: boolean
  /** In the index's order. None if it is no image. */
  platforms: PublishedPlatform[]
}

/**
 * Reads an image, with the platforms that it is for, as far as its index says it.
 *
 * @param name `@sha256:…` or `:tag`
 * @returns undefined if there is no such image
 */
export async function readImage(
  images: PublishedImages,
  repository: string,
  name: string,
): Promise<PublishedImage | undefined> {
  const text = await images.find(repository, name)
  return text === undefined ? undefined : imageOf(images, repository, text)
}

/** As {@link readImage}, of the bytes of an index or manifest. */
export async function imageOf(images: PublishedImages, repository: string, text: string): Promise<PublishedImage> {
  const digest = digestOf(text)
  const document = parseDocument(text, `${repository}@${digest}`)
  const image = { repository, digest, document }
  if (isIndex(document)) {
    const platforms = await Promise.all(
      (document.manifests ?? []).map((descriptor) => platformOf(images, repository, descriptor)),
    )
    return { ...image, isIndex: true, platforms: platforms.flatMap((platform) => platform ?? []) }
  }
  const config = await configOf(images, repository, document)
  const platforms = config ? [{ platform: platformText(config), digest: image.digest, manifest: document, config }] : []
  return { ...image, isIndex: false, platforms }
}

/**
 * As {@link readImage}, for an image that the user names.
 *
 * @throws RunnerImagesError IMAGE_MISSING
 */
export async function requireImage(images: PublishedImages, repository: string, name: string): Promise<PublishedImage> {
  const image = await readImage(images, repository, name)
  if (image) return image
  throw new RunnerImagesError(
    "IMAGE_MISSING",
    `There is no image ${repository}${name}.`,
    "Check the repository's name and the tag; a private repository may also require --username.",
  )
}

/** A platform with its manifest and configuration. */
export async function readPlatform(
  images: PublishedImages,
  repository: string,
  platform: PublishedPlatform,
): Promise<Required<PublishedPlatform>> {
  const { manifest, config } = platform
  if (manifest && config) return { ...platform, manifest, config }
  const name = `@${platform.digest}`
  const document = parseDocument((await images.find(repository, name)) ?? missing(repository, name), name)
  const read = await configOf(images, repository, document)
  if (!read) throw unreadable(`${repository}${name}`, "its configuration is not an image's")
  return { ...platform, manifest: document, config: read }
}

/** When an image was made, as its annotations or its configuration say: ISO 8601, undefined if neither does. */
export async function createdAt(images: PublishedImages, image: PublishedImage): Promise<string | undefined> {
  const { document, repository, platforms } = image
  const annotated = timeOf(document.annotations?.["org.opencontainers.image.created"])
  const [first] = platforms
  return annotated ?? (first && timeOf((await readPlatform(images, repository, first)).config.created))
}

function timeOf(text: string | undefined): string | undefined {
  return text === undefined || Number.isNaN(Date.parse(text)) ? undefined : text
}

/**
 * Reads the text of a manifest or index.
 *
 * @param name in errors
 * @throws RunnerImagesError REGISTRY_FAILED
 */
export function parseDocument(text: string, name: string): PublishedDocument {
  const json = jsonOf(text)
  if (json === undefined) throw unreadable(name, "it is not JSON")
  const parsed = documentSchema.safeParse(json)
  if (!parsed.success) throw unreadable(name, firstIssue(parsed.error))
  return parsed.data
}

export function isIndex({ mediaType, manifests }: PublishedDocument): boolean {
  return mediaType === undefined ? manifests !== undefined : INDEX_TYPES.includes(mediaType)
}

async function platformOf(
  images: PublishedImages,
  repository: string,
  { platform, digest, mediaType }: Descriptor,
): Promise<PublishedPlatform | undefined> {
  if (platform) {
    const text = platformText(platform)
    return text === NO_PLATFORM ? undefined : { platform: text, digest }
  }
  // The field is optional: the configuration says it as well.
  if (INDEX_TYPES.includes(mediaType)) return undefined
  const text = await images.find(repository, `@${digest}`)
  if (text === undefined) return undefined
  const manifest = parseDocument(text, `${repository}@${digest}`)
  const config = await configOf(images, repository, manifest)
  return config && { platform: platformText(config), digest, manifest, config }
}

async function configOf(
  images: PublishedImages,
  repository: string,
  { config, artifactType }: PublishedDocument,
): Promise<PublishedConfig | undefined> {
  if (!config || artifactType !== undefined || !CONFIG_TYPES.includes(config.mediaType)) return undefined
  return configSchema.safeParse(jsonOf(await images.blob(repository, config.digest))).data
}

function jsonOf(text: string): unknown {
  if (isDeepJson(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function missing(repository: string, name: string): never {
  throw unreadable(`${repository}${name}`, "an index names it, but it is not there")
}

function unreadable(name: string, why: string): RunnerImagesError {
  return new RunnerImagesError(
    "REGISTRY_FAILED",
    `${name} cannot be read: ${why}.`,
    "Publish the image again; if that does not help, ask whoever runs the registry.",
  )
}
