import {
  blobPath,
  configSchema,
  digestOf,
  indexSchema,
  layoutError,
  manifestSchema,
  MEDIA_TYPE,
  parseDocument,
  type Descriptor,
  type ImageConfig,
  type Manifest,
} from "./documents.js"

/** Reads the text of a file of an OCI image layout: `index.json`, `blobs/sha256/…`. */
export type LayoutReader = (path: string) => Promise<string>

/** One platform's image in a layout: its documents, parsed, with their digests. */
export interface LayoutImage {
  digest: string
  manifest: Manifest
  config: ImageConfig
}

/** The documents of an OCI image layout. Layers are named in the manifests but never read. */
export interface Layout {
  /** The image index, when index.json names one; without it index.json named the only image directly. */
  index?: { digest: string; text: string }
  images: LayoutImage[]
}

/**
 * Reads the JSON documents of a layout that holds one image, for one platform or more.
 * index.json may name one image index (as for several platforms) or one manifest (as the engine writes it for one).
 *
 * @throws RunnerImagesError BUILD_FAILED when a document is missing, damaged or does not match the schema
 */
export async function readLayout(read: LayoutReader): Promise<Layout> {
  const root = parseDocument(indexSchema, await read("index.json"), "index.json")
  const [entry, ...others] = root.manifests
  if (!entry || others.length > 0)
    throw layoutError(`index.json should name one image, but names ${String(root.manifests.length)}`)
  if (entry.mediaType === MEDIA_TYPE.manifest) return { images: [await readImage(read, entry)] }
  if (entry.mediaType !== MEDIA_TYPE.index) throw layoutError(`index.json names an image of type ${entry.mediaType}`)
  const text = await readBlob(read, entry)
  const { manifests } = parseDocument(indexSchema, text, `index ${entry.digest}`)
  return {
    index: { digest: entry.digest, text },
    images: await Promise.all(manifests.map((manifest) => readImage(read, manifest))),
  }
}

/**
 * The digest of a layout's image index.
 *
 * @throws RunnerImagesError BUILD_FAILED when index.json does not name one
 */
export async function indexOf(read: LayoutReader): Promise<string> {
  const { manifests } = parseDocument(indexSchema, await read("index.json"), "index.json")
  const [entry] = manifests
  if (entry?.mediaType !== MEDIA_TYPE.index || manifests.length > 1)
    throw layoutError("index.json should name one image index")
  return entry.digest
}

export function imagesByPlatform({ images }: Pick<Layout, "images">): Map<string, LayoutImage> {
  return new Map(images.map((image) => [`${image.config.os}/${image.config.architecture}`, image]))
}

async function readImage(read: LayoutReader, { digest, ...rest }: Descriptor): Promise<LayoutImage> {
  const manifest = parseDocument(manifestSchema, await readBlob(read, { digest, ...rest }), `manifest ${digest}`)
  const name = `config ${manifest.config.digest}`
  const config = parseDocument(configSchema, await readBlob(read, manifest.config), name)
  if (config.rootfs.diff_ids.length !== manifest.layers.length)
    throw layoutError(
      `${name} lists ${String(config.rootfs.diff_ids.length)} layers, but its manifest lists ${String(manifest.layers.length)}`,
    )
  return { digest, manifest, config }
}

async function readBlob(read: LayoutReader, { digest, size }: Descriptor): Promise<string> {
  const text = await read(blobPath(digest))
  const actual = digestOf(text)
  if (actual !== digest) throw layoutError(`the content of blob ${digest} has the digest ${actual}`)
  const bytes = Buffer.byteLength(text)
  if (bytes !== size)
    throw layoutError(`blob ${digest} has ${String(bytes)} bytes, and not ${String(size)} as is said of it`)
  return text
}
