import { RunnerImagesError } from "../errors.js"
import type { Layout } from "../oci/layout.js"
import { otherVersion, reportSchema, type Report } from "../report/report.js"
import { firstIssue, parseJson } from "../text/json.js"

/** One of the two builds that are compared. */
export interface Build {
  report: Report
  /** The documents of its images. Absent if only the report is given. */
  layout?: Layout
}

/**
 * Reads the report of one of the builds.
 *
 * @param name of the build in errors: its path
 * @throws RunnerImagesError DIFF_INVALID when it is not a report, or one of another version's
 */
export function parseReport(text: string, name: string): Report {
  const invalid = (why: string, cause?: unknown) => diffError(name, `its report cannot be read: ${why}`, cause)
  const json = parseJson(text, invalid)
  const parsed = reportSchema.safeParse(json)
  if (!parsed.success) throw invalid(`${otherVersion(json)}${firstIssue(parsed.error)}`)
  return parsed.data
}

/**
 * A build as it lies in a folder.
 *
 * @throws RunnerImagesError DIFF_INVALID when the layout is not the one that the report describes
 */
export function buildOf(report: Report, layout: Layout, name: string): Build {
  const found = layout.index?.digest
  if (found !== undefined && found === report.index) return { report, layout }
  throw diffError(
    name,
    `its report describes ${report.index ?? "no image"}, but the layout beside it has ${found ?? "no index"}`,
  )
}

/** The error for what cannot be compared. */
export function diffError(name: string, why: string, cause?: unknown): RunnerImagesError {
  return new RunnerImagesError(
    "DIFF_INVALID",
    `${name} cannot be compared: ${why}.`,
    "Give the folder of a build, such as dist/standard, or its report.json. For an image in a registry, give the report of its build.",
    { cause },
  )
}
