import { z } from "zod"
import { canonicalJson, digestSchema } from "../oci/documents.js"
import type { TagMove } from "../oci/tag-moves.js"
import { artifactContent, referrersOf, type PublishedReferrer } from "./artifacts.js"
import type { Referrer } from "../oci/referrer.js"
import type { PublishedImages } from "./published-images.js"

/**
 * Where a tag was before. A registry remembers nothing of it, so each move is recorded as an artifact about the image that the tag moves
 * to, before the tag moves. The record is found from the tag alone, is copied with the image, and needs no other storage.
 */
export const TAG_MOVE_TYPE = "application/vnd.runner-images.tag-move.v1+json"

/** What moved a tag. */
export const MOVERS = ["publish", "promote", "rollback"] as const
export type Mover = (typeof MOVERS)[number]

const recordSchema = z.object({
  schemaVersion: z.literal(1),
  tag: z.string(),
  /** Digest that the tag pointed to before. */
  from: digestSchema,
  /** The image that the record is about. */
  to: digestSchema,
  /** ISO 8601, by the clock of whoever moved it. */
  at: z.iso.datetime(),
  by: z.enum(MOVERS),
})
export type TagRecord = z.infer<typeof recordSchema>

/** The record of a move; undefined for a new tag, which was nowhere before, and for one that stays. */
export function moveRecord({ tag, from, to }: TagMove, by: Mover, at: Date): Referrer | undefined {
  if (from === undefined || from === to) return undefined
  const record: TagRecord = { schemaVersion: 1, tag, from, to, at: at.toISOString(), by }
  return {
    subject: to,
    artifactType: TAG_MOVE_TYPE,
    mediaType: TAG_MOVE_TYPE,
    annotations: { "org.opencontainers.image.created": record.at },
    content: canonicalJson(record),
  }
}

/** The records of tags that moved to an image, the newest first. What cannot be read is left out. */
export async function recordsOf(images: PublishedImages, repository: string, digest: string): Promise<TagRecord[]> {
  return recordsIn(images, repository, digest, await referrersOf(images, repository, digest))
}

/** As {@link recordsOf}, for who has the image's referrers already. */
export async function recordsIn(
  images: PublishedImages,
  repository: string,
  digest: string,
  referrers: readonly PublishedReferrer[],
): Promise<TagRecord[]> {
  const records = await Promise.all(
    referrers
      .filter(({ artifactType }) => artifactType === TAG_MOVE_TYPE)
      .map(async (referrer) => readRecord(await artifactContent(images, repository, referrer))),
  )
  return records
    .flatMap((record) => (record?.to === digest ? [record] : []))
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
}

/**
 * What a tag pointed to before it moved to an image. Rollbacks do not count: two of them in a row go back two moves.
 *
 * @param records of the image
 */
export function previousOf(records: readonly TagRecord[], tag: string): string | undefined {
  return records.find((record) => record.tag === tag && record.by !== "rollback")?.from
}

function readRecord(text: string | undefined): TagRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text ?? "")).data
  } catch {
    return undefined
  }
}
