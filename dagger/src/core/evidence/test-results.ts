import type { CheckResult, PlatformReport, Report } from "../report/report.js"
import { countChecks } from "../render/check-counts.js"
import type { Resource } from "./statement.js"

/** https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md */

export interface TestResults {
  /** `WARNED` if no check failed, but some had no answer in time. Skipped checks are no warning. */
  result: "PASSED" | "WARNED" | "FAILED"
  configuration: Resource[]
  passedTests: string[]
  warnedTests: string[]
  failedTests: string[]
}

/**
 * What the checks found in the images of some of a build's platforms. The format has no place for what a check proves, nor for those that were
 * skipped or that ran in another variant's image of the same layers: the configuration's annotations say so. Without times.
 *
 * @param platforms if there are several, a check's name follows its platform's: `linux/amd64 version/git`
 * @param attached other files about the tests, by digest
 */
export function testResultsOf(
  { version, variant }: Report,
  platforms: readonly PlatformReport[],
  attached: readonly Resource[] = [],
): TestResults {
  const checks = platforms.flatMap(({ platform, checks: results }) =>
    results.map((check) => ({ ...check, name: platforms.length === 1 ? check.name : `${platform} ${check.name}` })),
  )
  const names = (status: CheckResult["status"]) =>
    checks
      .filter((check) => check.status === status)
      .map(nameOf)
      .sort()
  const { failed, inconclusive } = countChecks(checks)
  return {
    result: failed > 0 ? "FAILED" : inconclusive > 0 ? "WARNED" : "PASSED",
    configuration: [
      {
        name: `checks of runner-images ${version}`,
        annotations: {
          variant,
          proves: byName(checks, ({ proves }) => proves),
          skipped: byName(checks, ({ status, reason = "" }) => (status === "skipped" ? reason : undefined)),
          provedBy: byName(checks, ({ provedBy }) => provedBy),
        },
      },
      ...attached,
    ],
    passedTests: names("passed"),
    warnedTests: names("inconclusive"),
    failedTests: names("failed"),
  }
}

const nameOf = ({ name }: CheckResult) => name

function byName(
  checks: readonly CheckResult[],
  value: (check: CheckResult) => string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    checks
      .flatMap((check): [string, string][] => {
        const found = value(check)
        return found === undefined ? [] : [[check.name, found]]
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
