import { assertEqual, compareBuilds } from "../../dagger/src/core/diff/diff.js"
import { diffMarkdown } from "../../dagger/src/core/diff/markdown.js"
import { readComparedBuild } from "../input/compared-build.js"
import type { CommandContext } from "../input/context.js"

export interface DiffRun {
  /** Paths of the builds. */
  old: string
  new: string
  json: boolean
  /** Differences are an error. */
  exitCode: boolean
}

/** Prints the differences of two builds. Throws RunnerImagesError BUILDS_DIFFER if they are an error. */
export async function runDiff(context: CommandContext, run: DiffRun): Promise<void> {
  const diff = compareBuilds(await readComparedBuild(run.old), await readComparedBuild(run.new))
  context.answer(run.json ? JSON.stringify(diff, null, 2) : diffMarkdown(diff))
  if (run.exitCode) assertEqual(diff)
}
