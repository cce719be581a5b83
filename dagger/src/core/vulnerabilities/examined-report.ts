import { RunnerImagesError } from "../errors.js"
import { PLATFORMS, type PlatformName } from "../platforms.js"
import { parseReport, type PlatformReport, type Report } from "../report/report.js"
import { parseBase, securitySuiteOf, type SecuritySuite } from "../variants/bases.js"

/**
 * The report of the build whose images are examined.
 *
 * @throws RunnerImagesError REPORT_INVALID
 */
export function examinedReport(text: string): Report {
  return parseReport(
    text,
    (why, cause) =>
      new RunnerImagesError(
        "REPORT_INVALID",
        `No vulnerabilities can be looked up for the report: ${why}.`,
        "Give the folder of a build, such as dist/standard, or its report.json.",
        { cause },
      ),
  )
}

/**
 * The security archive of an image's distribution, or why it is not known.
 *
 * @param entry its platform's
 */
export function securitySuiteFor(
  { request }: Report,
  { platform }: PlatformReport,
): { platform: PlatformName; suite: SecuritySuite } | { unknown: string } {
  const known = PLATFORMS.find((name) => name === platform)
  if (!known) return { unknown: `this version does not build for ${platform}` }
  if (!request) return { unknown: "the report does not name the base, because the image was built elsewhere" }
  return { platform: known, suite: securitySuiteOf(parseBase(request.base), known) }
}

/** When the suite's Release file was made from which an image was built, as far as the report says so. */
export function lastSeen({ releases }: Report, suite: SecuritySuite): string | undefined {
  // apt's name for the file is its URL.
  const name = `${suite.url.replace(/^https?:\/\//, "").replaceAll("/", "_")}_`
  return releases.find((release) => release.name.startsWith(name))?.date
}
