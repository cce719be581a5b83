import { z } from "zod"
import { BUNDLE_MEDIA_TYPE, REPORT_MEDIA_TYPE } from "./referrer.js"
import { descriptorSchema, digestOf, type Descriptor } from "../oci/documents.js"

/** Reads what is published in one repository. Each answer is undefined if there is no such thing. */
export interface ImageReader {
  /** @param name `@sha256:…` or `:TAG` */
  manifest: (name: string) => Promise<string | undefined>
  /** What refers to a manifest, by the registry's own list or by its fallback tag. */
  referrers: (digest: string) => Promise<readonly Descriptor[]>
  /** A small one: a configuration, or the layer of an artifact. */
  blob: (digest: string) => Promise<string | undefined>
}

/** An artifact that refers to an image, with its parts as they were read; nothing of it is verified. */
export interface StoredReferrer {
  descriptor: Descriptor
  manifest: string | undefined
  /** Of its only layer. */
  content: string | undefined
}

/** The image of one platform, as it was read. */
export interface StoredImage {
  digest: string
  /** As the index says. */
  platform: string
  manifest: string | undefined
  /** Text of its configuration. */
  config: string | undefined
  referrers: StoredReferrer[]
}

/** A published image with everything about it, as it was read; nothing of it is verified. */
export interface PublishedImage {
  /** As it was asked for: `@sha256:…` or `:TAG`. */
  name: string
  /** Absent if the name is that of one platform's image. */
  index?: { text: string; referrers: StoredReferrer[] }
  images: StoredImage[]
}

const anyManifestSchema = z.looseObject({
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema).optional(),
  config: descriptorSchema.optional(),
  layers: z.array(descriptorSchema).optional(),
})

/** Layers of other types may be large, and are none of ours. */
const OURS = [BUNDLE_MEDIA_TYPE, REPORT_MEDIA_TYPE]

/**
 * Reads an image with what refers to it and to its platforms' images.
 *
 * @param name as for {@link ImageReader.manifest}
 * @returns undefined if there is no such image
 */
export async function readPublished(reader: ImageReader, name: string): Promise<PublishedImage | undefined> {
  const text = await reader.manifest(name)
  if (text === undefined) return undefined
  const named = name.startsWith("@") ? name.slice(1) : digestOf(text)
  const { manifests } = parsed(text)
  if (!manifests) return { name, images: [await readImage(reader, { digest: named, platform: "" }, text)] }
  const images = manifests.map(async ({ digest, platform }) =>
    readImage(
      reader,
      { digest, platform: platform ? `${platform.os}/${platform.architecture}` : "" },
      await reader.manifest(`@${digest}`),
    ),
  )
  // Together, so that none fails while nobody waits for it.
  const [referrers, ...read] = await Promise.all([readReferrers(reader, named), ...images])
  return { name, index: { text, referrers }, images: read }
}

async function readImage(
  reader: ImageReader,
  image: { digest: string; platform: string },
  manifest: string | undefined,
): Promise<StoredImage> {
  const config = manifest === undefined ? undefined : parsed(manifest).config
  return {
    ...image,
    manifest,
    config: config && (await reader.blob(config.digest)),
    referrers: await readReferrers(reader, image.digest),
  }
}

async function readReferrers(reader: ImageReader, digest: string): Promise<StoredReferrer[]> {
  const found = await reader.referrers(digest)
  return Promise.all(
    found.map(async (descriptor) => {
      const manifest = await reader.manifest(`@${descriptor.digest}`)
      const [layer, ...others] = (manifest === undefined ? undefined : parsed(manifest).layers) ?? []
      const readable = layer && others.length === 0 && OURS.includes(layer.mediaType)
      return { descriptor, manifest, content: readable ? await reader.blob(layer.digest) : undefined }
    }),
  )
}

/** What is not understood has no parts. */
function parsed(text: string): z.infer<typeof anyManifestSchema> {
  try {
    return anyManifestSchema.safeParse(JSON.parse(text)).data ?? {}
  } catch {
    return {}
  }
}
