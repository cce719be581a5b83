import { z } from "zod"
import { descriptorSchema, digestOf } from "../oci/documents.js"
import { parseDocument } from "./image.js"
import type { PublishedImages } from "./published-images.js"

const referrerSchema = descriptorSchema.extend({ artifactType: z.string().optional() })
export type PublishedReferrer = z.infer<typeof referrerSchema>

/** What refers to a manifest or index, with the types that the specification has descriptors carry. */
export async function referrersOf(
  images: PublishedImages,
  repository: string,
  digest: string,
): Promise<PublishedReferrer[]> {
  return referrerSchema.array().parse(await images.referrers(repository, digest))
}

/** The text of an artifact's only layer; undefined if it is not there, or has more layers or none. */
export async function artifactContent(
  images: PublishedImages,
  repository: string,
  { digest }: Pick<PublishedReferrer, "digest">,
): Promise<string | undefined> {
  const text = await images.find(repository, `@${digest}`)
  if (text === undefined || digestOf(text) !== digest) return undefined
  const { layers = [] } = parseDocument(text, `${repository}@${digest}`)
  const [layer, ...others] = layers
  return layer && others.length === 0 ? images.blob(repository, layer.digest) : undefined
}
