/**
 * How a job ended, as GrammaTonic/github-runner's dashboards and job log spell it. They know success and failed; the
 * others exist because a cancelled job is no failure and a job that died with its runner is no success.
 */
export const JOB_STATUSES = ["success", "failed", "cancelled", "skipped", "abandoned", "unknown"] as const

export type JobStatus = (typeof JOB_STATUSES)[number]

/** The results that the runner prints: https://github.com/actions/runner, `TaskResult`. */
const STATUS_OF_RESULT: ReadonlyMap<string, JobStatus> = new Map([
  ["Succeeded", "success"],
  ["SucceededWithIssues", "success"],
  ["Failed", "failed"],
  ["Canceled", "cancelled"],
  ["Skipped", "skipped"],
  ["Abandoned", "abandoned"],
])

/** `Succeeded` ⇒ `success`. A result that a later runner may invent is `unknown`: still counted, never guessed. */
export function jobStatus(result: string): JobStatus {
  return STATUS_OF_RESULT.get(result) ?? "unknown"
}
