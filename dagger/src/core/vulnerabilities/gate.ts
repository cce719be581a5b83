import { RunnerImagesError } from "../errors.js"
import { parseChoice } from "../text/choice.js"
import { SEVERITIES, type Examination, type Finding, type Severity } from "./finding.js"

/** What `--fail-on` takes: the least severity that is an error, or any. */
export const FAIL_ON = ["any", ...SEVERITIES] as const
export type FailOn = "any" | Severity

const MOST_DETAILS = 30

/**
 * Parses the severity from which on vulnerabilities are an error.
 *
 * @throws RunnerImagesError USAGE when it is none
 */
export function parseFailOn(given: string): FailOn {
  return parseChoice(given, { option: "fail-on", words: FAIL_ON, code: "USAGE", noun: "a severity" })
}

/**
 * Fails for vulnerabilities that are at least so severe and that nobody has accepted, for what could not be looked up, and for accepted
 * entries that have expired. A vulnerability of which nobody says how severe it is counts as severe.
 *
 * @throws RunnerImagesError VULNERABILITIES_FOUND
 */
export function assertAccepted({ images, allowList }: Examination, failOn: FailOn): void {
  const found = images.flatMap(({ platform, findings }) =>
    findings
      .filter((finding) => !finding.accepted && isSevere(finding, failOn))
      .map((finding) => `${platform}: ${findingText(finding)}`),
  )
  const unchecked = images.flatMap(({ platform, lookups }) =>
    lookups.flatMap(({ area, notChecked, except, accepted }) => {
      const why = notChecked ?? except
      return why === undefined || accepted ? [] : [`${platform}: ${area} not checked: ${why}`]
    }),
  )
  const expired = allowList.expired.map((entry) => `accepted until it expired: ${entry}`)
  const parts = [
    ...count(
      found.length,
      "vulnerability",
      "vulnerabilities",
      failOn === "any" ? "" : ` of severity ${failOn} or more`,
    ),
    ...count(unchecked.length, "area that could not be checked", "areas that could not be checked"),
    ...count(expired.length, "expired entry in the allow-list", "expired entries in the allow-list"),
  ]
  if (parts.length === 0) return
  const details = [...found, ...unchecked, ...expired]
  const more = details.length - MOST_DETAILS
  throw new RunnerImagesError(
    "VULNERABILITIES_FOUND",
    `Found: ${parts.join(", ")}.`,
    "Build again with the newest packages and pins, or accept what remains for some time with --allow-list FILE.",
    { details: more > 0 ? [...details.slice(0, MOST_DETAILS), `and ${more} more`] : details },
  )
}

/** @example findingText(…) ⇒ "openssl 3.5.1-1, fixed in 3.5.4-1~deb13u1" */
export function findingText({ name, version, ids, fixed, affected, severity }: Finding): string {
  const what = ids.length === 0 ? "" : `: ${ids.join(", ")}${severity === "unknown" ? "" : ` (${severity})`}`
  const how = fixed === undefined ? (affected === undefined ? "" : `, affected: ${affected}`) : `, fixed in ${fixed}`
  return `${name} ${version}${what}${how}`
}

function isSevere({ severity }: Finding, failOn: FailOn): boolean {
  if (failOn === "any" || severity === "unknown") return true
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(failOn)
}

function count(number: number, one: string, several: string, rest = ""): string[] {
  return number === 0 ? [] : [`${number} ${number === 1 ? one : several}${rest}`]
}
