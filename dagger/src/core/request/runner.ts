import { RUNNER_KINDS } from "../report/report.js"
import { parseChoice } from "../text/choice.js"

/**
 * The runner in the images, as requested: GitHub's own, the one made of Go modules, or with `auto` the first if it can be had, else the
 * second. The other tools have `--sources`.
 */
export const RUNNERS = ["auto", ...RUNNER_KINDS] as const
export type RunnerMode = (typeof RUNNERS)[number]

/**
 * Parses the runner.
 *
 * @param given undefined means `auto`
 * @throws RunnerImagesError RUNNER_INVALID when it is not one of RUNNERS
 */
export function parseRunner(given: string | undefined): RunnerMode {
  return parseChoice(given, { option: "runner", words: RUNNERS, code: "RUNNER_INVALID", noun: "a runner" })
}
