import type { Promotion } from "../../dagger/src/core/published/promotion.js"
import { TagMoves } from "../../dagger/src/core/oci/tag-moves.js"
import type { Progress } from "../../dagger/src/core/progress/progress.js"
import type { ImageReference, Repository } from "../../dagger/src/core/text/reference.js"
import {
  cleanUpRepository,
  inspectImage,
  promoteImage,
  rollBackTag,
  type TagChange,
} from "../../dagger/src/pipeline/oci/published.js"
import type { Registry } from "../../dagger/src/pipeline/oci/registry.js"
import type { CommandContext } from "../input/context.js"
import type { GivenRegistry } from "../input/registry-options.js"
import { cleanupText, inspectionText, promotionText } from "../output/published.js"
import { withRegistry } from "./with-registry.js"

interface Answer {
  json: boolean
}

export interface SetTagsRun extends Answer {
  force: boolean
  dryRun: boolean
}

/** Prints what a registry has about an image. */
export async function runInspect(
  context: CommandContext,
  given: GivenRegistry,
  { reference, json }: Answer & { reference: ImageReference },
): Promise<void> {
  const found = await withRegistry(context, given, reference.repository, (registry, progress) =>
    inspectImage(registry, reference, progress),
  )
  context.answer(json ? JSON.stringify(found, null, 2) : inspectionText(found))
}

/** Sets tags to an image, and prints what changed and how to go back. */
export async function runPromote(
  context: CommandContext,
  given: GivenRegistry,
  { reference, tags, ...run }: SetTagsRun & { reference: ImageReference; tags: readonly string[] },
): Promise<void> {
  await setTags(context, given, reference.repository, run, "promote", (registry, change, progress) =>
    promoteImage(registry, { reference, tags }, change, progress),
  )
}

/** Sets a tag to what it pointed to before, and prints what changed and how to go back. */
export async function runRollback(
  context: CommandContext,
  given: GivenRegistry,
  { repository, tag, to, ...run }: SetTagsRun & { repository: Repository; tag: string; to: string | undefined },
): Promise<void> {
  await setTags(context, given, repository, run, "rollback", (registry, change, progress) =>
    rollBackTag(registry, { repository: repository.name, tag, to }, change, progress),
  )
}

/** Deletes old builds, and prints what is deleted and what stays. */
export async function runCleanup(
  context: CommandContext,
  given: GivenRegistry,
  { repository, keep, dryRun, json }: Answer & { repository: Repository; keep: number; dryRun: boolean },
): Promise<void> {
  const plan = await withRegistry(context, given, repository, (registry, progress) =>
    cleanUpRepository(registry, { repository: repository.name, keep, dryRun }, progress),
  )
  context.answer(json ? JSON.stringify({ ...plan, dryRun }, null, 2) : cleanupText(plan, dryRun))
}

async function setTags(
  context: CommandContext,
  given: GivenRegistry,
  repository: Repository,
  { force, dryRun, json }: SetTagsRun,
  by: "promote" | "rollback",
  work: (registry: Registry, change: TagChange, progress: Progress) => Promise<Promotion>,
): Promise<void> {
  const moves = new TagMoves(by)
  context.interrupts.leaves(() => moves.account())
  const done = await withRegistry(context, given, repository, (registry, progress) =>
    work(registry, { force, dryRun, moves }, progress),
  )
  context.answer(json ? JSON.stringify(done, null, 2) : promotionText(done))
}
