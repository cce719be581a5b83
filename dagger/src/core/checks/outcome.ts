import { RunnerImagesError } from "../errors.js"
import { isAccepted, type AcceptedFinding } from "../variants/findings.js"
import type { CheckResult, Report } from "../report/report.js"
import type { BuildRequest } from "../request/request.js"

/**
 * Which results fail a build. With `--native` every check must have an answer; otherwise one that has none only leads to a warning, since
 * a slow machine says nothing about an image.
 */
export function failing({ native = false }: Pick<BuildRequest, "native">): (check: CheckResult) => boolean {
  return ({ status }) => status === "failed" || (native && status === "inconclusive")
}

/** A warning about the checks that had no answer; undefined if all had. */
export function inconclusiveText(checks: readonly CheckResult[]): string | undefined {
  const open = checks.filter(({ status }) => status === "inconclusive")
  if (open.length === 0) return undefined
  const lines = open.map(({ name, reason = "" }) => `${name}: ${reason}`)
  return `${counted(open.length)} had no answer in time, so nothing is known about what ${open.length === 1 ? "it proves" : "they prove"}: ${lines.join("; ")}`
}

/** The entries of a definition's `accept` that accepted nothing on any platform. */
export function unusedAccept(accept: readonly AcceptedFinding[], platforms: Report["platforms"]): AcceptedFinding[] {
  const used = platforms
    .flatMap(({ checks }) => checks)
    .flatMap(({ name, accepted = [] }) => accepted.map(({ finding, by }) => ({ name, finding, by })))
    .filter(({ by }) => by === "definition")
  return accept.filter(
    (entry) => !used.some(({ name, finding }) => name === entry.check && isAccepted(entry, entry.check, finding)),
  )
}

/** A warning about such entries; undefined if there are none. */
export function unusedAcceptText(unused: readonly AcceptedFinding[]): string | undefined {
  if (unused.length === 0) return undefined
  const lines = unused.map(({ check, finding }) => `${check} ${finding}`)
  return `${unused.length === 1 ? "1 entry" : `${String(unused.length)} entries`} of the definition's \`accept\` accepted nothing: ${lines.join("; ")}. Remove what no platform needs.`
}

/**
 * Fails if a check of an image failed.
 *
 * @throws RunnerImagesError CHECKS_FAILED naming every failed check, by platform; CHECKS_INCONCLUSIVE if none failed but some had no answer
 *   and `--native` was given
 */
export function assertPassed(report: Report, request: Pick<BuildRequest, "native">): void {
  const of = (status: CheckResult["status"], text: (check: CheckResult) => string) =>
    report.platforms.flatMap(({ platform, checks }) =>
      checks.filter((check) => check.status === status).map((check) => `${platform} ${check.name}: ${text(check)}`),
    )
  const failed = of(
    "failed",
    ({ expected, actual, reason }) => `expected ${expected ?? "?"}, actual ${actual ?? reason ?? "?"}`,
  )
  if (failed.length > 0)
    throw new RunnerImagesError(
      "CHECKS_FAILED",
      `${counted(failed.length)} of the ${report.variant} image failed:\n  ${failed.join("\n  ")}\n`,
      "Nothing was written or published.",
    )
  const open = request.native ? of("inconclusive", ({ reason = "" }) => reason) : []
  if (open.length > 0) throw inconclusive(open.map((check) => `${report.variant} ${check}`))
}

/** Some checks, each with its reason, had no answer where all must have one. */
export function inconclusive(checks: readonly string[]): RunnerImagesError {
  return new RunnerImagesError(
    "CHECKS_INCONCLUSIVE",
    `${counted(checks.length)} had no answer in time, and with --native and for publishing every check must have one:`,
    "Run it again with less other work on the engine's machine, or use an engine on a machine of that platform.",
    { details: checks },
  )
}

function counted(count: number): string {
  return count === 1 ? "1 smoke test" : `${String(count)} smoke tests`
}
