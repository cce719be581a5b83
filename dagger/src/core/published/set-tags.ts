import { moveText, TagMoves, type TagMove } from "../oci/tag-moves.js"
import { Progress } from "../progress/progress.js"
import type { ChangingImages } from "./published-images.js"
import { moveRecord, type Mover } from "./tag-history.js"

export interface SetTagsOptions {
  /** What moves them, for the record. */
  by: Mover
  now: () => Date
  /** Kept up to date, for a caller that may be interrupted. */
  moves?: TagMoves
  /** The registry is used without TLS. */
  insecure?: boolean
  progress?: Progress
  /** Says what would be done and does nothing. */
  dryRun?: boolean
}

/**
 * Sets tags one by one, each recorded before it moves, new ones first and `latest` last.
 *
 * @param wanted see `planTags`, which checks them
 * @returns what changed
 * @throws the registry's error; `moves` says what was done by then
 */
export async function setTags(
  images: ChangingImages,
  wanted: readonly TagMove[],
  { by, now, moves = new TagMoves(), insecure = false, progress = new Progress(), dryRun = false }: SetTagsOptions,
): Promise<readonly TagMove[]> {
  const planned = moves.plan(wanted, insecure)
  for (const move of planned)
    progress.note("all platforms", `${dryRun ? "would be" : "to be"} tagged: ${moveText(move)}`)
  if (dryRun) return planned
  for (const move of planned) {
    const { repository, tag, to } = move
    const record = moveRecord(move, by, now())
    if (record) await images.attach(repository, record)
    moves.start(move)
    try {
      await progress.run("all platforms", `tag ${repository}:${tag}`, () => images.tag(repository, to, tag))
      moves.settle(move, { digest: to })
    } catch (error) {
      moves.settle(move, await images.settle(repository, tag))
      throw error
    }
  }
  return planned
}
