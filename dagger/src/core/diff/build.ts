import { RunnerImagesError } from "../errors.js"
import type { Layout } from "../oci/layout.js"
import type { Report } from "../report/report.js"

/** One of the two builds that are compared. */
export interface Build {
  report: Report
  /** The documents of its images. Absent if only the report is given. */
  layout?: Layout
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

/**
 * The error for what cannot be compared.
 *
 * @param why a clause, or another error's sentence
 */
export function diffError(name: string, why: string, cause?: unknown): RunnerImagesError {
  return new RunnerImagesError(
    "DIFF_INVALID",
    `${name} cannot be compared: ${why.replace(/\.$/, "")}.`,
    "Give the folder of a build, such as dist/standard, its report.json, or an image in a registry, such as ghcr.io/OWNER/github-runner:latest.",
    { cause },
  )
}
