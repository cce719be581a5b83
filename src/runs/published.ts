import { cleanUp, planCleanup } from "../../dagger/src/core/published/cleanup.js"
import { inspect } from "../../dagger/src/core/published/inspection.js"
import { promote, rollback, type Promotion, type PromotionOptions } from "../../dagger/src/core/published/promotion.js"
import { surveyOf } from "../../dagger/src/core/published/survey.js"
import { TagMoves } from "../../dagger/src/core/oci/tag-moves.js"
import { nameOf, type ImageReference, type Repository } from "../../dagger/src/core/text/reference.js"
import type { ChangingImages } from "../../dagger/src/core/published/published-images.js"
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
  const { repository } = reference
  const found = await withRegistry(context, given, repository, (registry, progress) =>
    progress.run("all platforms", "inspect", async () => {
      const name = nameOf(reference)
      const images = await registry.readAhead(repository.name, [name])
      return inspect(images, { repository: repository.name, name }, new Date())
    }),
  )
  context.answer(json ? JSON.stringify(found, null, 2) : inspectionText(found))
}

/** Sets tags to an image, and prints what changed and how to go back. */
export async function runPromote(
  context: CommandContext,
  given: GivenRegistry,
  { reference, tags, ...run }: SetTagsRun & { reference: ImageReference; tags: readonly string[] },
): Promise<void> {
  const { repository } = reference
  const name = nameOf(reference)
  const names = [name, ...tags.map((tag) => `:${tag}`)]
  await setTags(context, given, { repository, names }, run, "promote", (images, options) =>
    promote(images, { repository: repository.name, name, tags }, options),
  )
}

/** Sets a tag to what it pointed to before, and prints what changed and how to go back. */
export async function runRollback(
  context: CommandContext,
  given: GivenRegistry,
  { repository, tag, to, ...run }: SetTagsRun & { repository: Repository; tag: string; to: string | undefined },
): Promise<void> {
  const names = [`:${tag}`, ...(to === undefined ? [] : [`@${to}`])]
  await setTags(context, given, { repository, names }, run, "rollback", (images, options) =>
    rollback(images, { repository: repository.name, tag, ...(to === undefined ? {} : { to }) }, options),
  )
}

/** Deletes old builds, and prints what is deleted and what stays. */
export async function runCleanup(
  context: CommandContext,
  given: GivenRegistry,
  { repository, keep, dryRun, json }: Answer & { repository: Repository; keep: number; dryRun: boolean },
): Promise<void> {
  const plan = await withRegistry(context, given, repository, async (registry, progress) => {
    const survey = await progress.run("all platforms", "read the repository", async () =>
      surveyOf(await registry.readAhead(repository.name), repository.name),
    )
    const planned = planCleanup(survey, keep)
    if (!dryRun) await progress.run("all platforms", "delete", () => cleanUp(registry, survey, planned))
    return planned
  })
  context.answer(json ? JSON.stringify({ ...plan, dryRun }, null, 2) : cleanupText(plan, dryRun))
}

async function setTags(
  context: CommandContext,
  given: GivenRegistry,
  { repository, names }: { repository: Repository; names: readonly string[] },
  { force, dryRun, json }: SetTagsRun,
  by: "promote" | "rollback",
  work: (images: ChangingImages, options: PromotionOptions) => Promise<Promotion>,
): Promise<void> {
  const moves = new TagMoves(by)
  context.interrupts.leaves(() => moves.account())
  const done = await withRegistry(context, given, repository, async (registry, progress) => {
    const { plain: insecure, plainHttp } = registry
    const images = await progress.run("all platforms", "read the registry", () =>
      registry.readAhead(repository.name, names),
    )
    return work(images, { force, dryRun, moves, insecure, plainHttp, progress, now: () => new Date() })
  })
  context.answer(json ? JSON.stringify(done, null, 2) : promotionText(done))
}
