import type { Build } from "../../dagger/src/core/diff/build.js"
import { assertEqual, compareBuilds } from "../../dagger/src/core/diff/diff.js"
import { diffMarkdown } from "../../dagger/src/core/diff/markdown.js"
import { publishedBuild } from "../../dagger/src/core/published/build.js"
import { nameOf, type ImageReference } from "../../dagger/src/core/text/reference.js"
import type { Compared } from "../input/compared-build.js"
import type { CommandContext } from "../input/context.js"
import type { GivenRegistry } from "../input/registry-options.js"

export interface DiffRun {
  old: Compared
  new: Compared
  /** Of images in a registry. */
  registry: GivenRegistry
  json: boolean
  /** Differences are an error. */
  exitCode: boolean
}

/** Prints the differences of two builds. Throws RunnerImagesError BUILDS_DIFFER if they are an error. */
export async function runDiff(context: CommandContext, run: DiffRun): Promise<void> {
  const diff = compareBuilds(...(await builds(context, run)))
  context.answer(run.json ? JSON.stringify(diff, null, 2) : diffMarkdown(diff))
  if (run.exitCode) assertEqual(diff)
}

/** An engine is only needed for images in a registry. */
async function builds(
  context: CommandContext,
  { old, new: recent, registry: given }: DiffRun,
): Promise<[Build, Build]> {
  if ("build" in old && "build" in recent) return [old.build, recent.build]
  const { withRegistries } = await import("./with-registry.js")
  return withRegistries(context, given, async (open, progress) => {
    const read = ({ repository, name, ...reference }: ImageReference) =>
      progress.run("all platforms", `read ${name}`, async () => {
        const named = { repository: repository.name, name: nameOf(reference) }
        const registry = await open(repository)
        return publishedBuild(await registry.readAhead(named.repository, [named.name]), named)
      })
    const found = (one: Compared) => ("build" in one ? one.build : read(one.reference))
    return Promise.all([found(old), found(recent)])
  })
}
