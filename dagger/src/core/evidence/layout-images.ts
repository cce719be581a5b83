import { z } from "zod"
import { blobPath, indexSchema, layoutError, parseDocument, type Descriptor } from "../oci/documents.js"
import type { ImageReader } from "./published-image.js"

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

/** Of an artifact's manifest. */
function subjectOf(manifest: string | undefined): string | undefined {
  const schema = z.looseObject({ subject: z.looseObject({ digest: z.string() }) })
  try {
    return schema.safeParse(JSON.parse(manifest ?? "")).data?.subject.digest
  } catch {
    return undefined
  }
}
