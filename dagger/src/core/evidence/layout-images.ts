import { z } from "zod"
import { blobPath, indexSchema, layoutError, parseDocument, type Descriptor } from "../oci/documents.js"
import type { ImageReader } from "./published-image.js"

/** A tag for a list of referrers. */
const FALLBACK = /^sha256-[0-9a-f]{64}$/
/** Names an entry of index.json. */
const NAME = "org.opencontainers.image.ref.name"

/**
 * The images of an OCI image layout, as they are in a registry. What refers to an image is named in index.json itself, or in the index that has
 * its digest for a name, `sha256-…`: so regctl, oras and crane write it.
 *
 * @param read returns the text of one of the layout's files, undefined if there is none
 */
export function layoutImages(read: (path: string) => Promise<string | undefined>): ImageReader {
  const entries = async () => {
    const text = await read("index.json")
    if (text === undefined) throw layoutError("there is no index.json")
    return parseDocument(indexSchema, text, "index.json").manifests
  }
  const blob = (digest: string) => read(blobPath(digest))
  const manifest: ImageReader["manifest"] = async (name) => {
    if (name.startsWith("@")) return blob(name.slice(1))
    const found = (await entries()).find(({ annotations }) => annotations?.[NAME] === name.slice(1))
    return found && blob(found.digest)
  }
  return {
    manifest,
    blob,
    referrers: async (digest) => {
      const fallback = await manifest(`:${digest.replace(":", "-")}`)
      if (fallback !== undefined) return parseDocument(indexSchema, fallback, `the referrers of ${digest}`).manifests
      const found: Descriptor[] = []
      for (const entry of await entries()) if (subjectOf(await blob(entry.digest)) === digest) found.push(entry)
      return found
    },
  }
}

/**
 * The name of the image in a layout, for {@link ImageReader.manifest}: what neither refers to another nor lists what does.
 *
 * @param read as for {@link layoutImages}
 * @param tag which one it is, if there are several
 * @param invalid makes the error of why there is no such image
 */
export async function layoutImageName(
  read: (path: string) => Promise<string | undefined>,
  tag: string | undefined,
  invalid: (why: string) => Error,
): Promise<string> {
  const text = await read("index.json")
  const index = indexSchema.safeParse(attempt(() => JSON.parse(text ?? "") as unknown))
  if (!index.success) throw invalid(text === undefined ? "it has no index.json" : "its index.json is damaged")
  const images = new Map<string, string | undefined>()
  for (const { digest, annotations } of index.data.manifests) {
    const name = annotations?.[NAME]
    if (FALLBACK.test(name ?? "") || subjectOf(await read(blobPath(digest))) !== undefined) continue
    if (tag === undefined || tag === name) images.set(digest, name)
  }
  const [first, ...others] = [...images]
  if (!first) throw invalid(tag === undefined ? "it has no image" : `it has no image with the tag ${tag}`)
  if (others.length === 0) return `@${first[0]}`
  const tags = [first, ...others].map(([digest, name]) => name ?? digest)
  throw invalid(`it has several images: ${tags.join(", ")}`)
}

function attempt(parse: () => unknown): unknown {
  try {
    return parse()
  } catch {
    return undefined
  }
}

/** Of an artifact's manifest. */
function subjectOf(manifest: string | undefined): string | undefined {
  const schema = z.looseObject({ subject: z.looseObject({ digest: z.string() }) })
  try {
    return schema.safeParse(JSON.parse(manifest ?? "")).data?.subject.digest
  } catch {
    return undefined
  }
}
