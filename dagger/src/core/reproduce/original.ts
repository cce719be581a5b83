import { RunnerImagesError } from "../errors.js"
import type { DefinitionFile, GivenBuild } from "../plan/compose-request.js"
import { parseReport, type RecordedRequest, type Report } from "../report/report.js"

/** What a report does not have, from whoever reproduces its image. */
export type OwnFiles = Pick<GivenBuild, "mirror" | "snapshot"> & { definition?: DefinitionFile | undefined }

/** The report of a build that wrote an image. */
export type OriginalReport = Omit<Report, "request" | "index"> & { request: RecordedRequest; index: string }

/**
 * Reads the report of the build that is to be repeated.
 *
 * @throws RunnerImagesError ORIGINAL_INVALID when it is no report, when its build wrote no image, or when an earlier version wrote it, which
 *   did not record what was asked for
 */
export function parseOriginal(text: string): OriginalReport {
  const report = parseReport(text, originalError)
  const { request, index } = report
  if (index === undefined) throw originalError("no image was written in that build, because its checks failed")
  if (!request) throw originalError("it does not say what was asked for; this version's reports do")
  return { ...report, request, index }
}

/**
 * The build that makes a report's image again: the same packages and the same options.
 *
 * @param text the report, which is the lock
 */
export function rebuildOf(text: string, { definition, mirror, snapshot }: OwnFiles = {}): GivenBuild {
  const { variant, platforms, sources, runner, request, sudo = false, root = false } = parseOriginal(text)
  const { base, compression, cjkFonts = false, source } = request
  const recorded = request.definition === undefined ? undefined : { text: request.definition, name: "of the report" }
  return {
    platforms: platforms.map(({ platform }) => platform),
    variants: [variant],
    definition: definition ?? recorded,
    sources: sources.requested,
    // What a vendor's server answers today must not decide about the image of another day.
    ...(sources.requested === "auto" ? { decided: sources.tools } : {}),
    runner: runner.kind,
    base,
    compression,
    lock: text,
    source,
    sudo,
    root,
    cjkFonts,
    refresh: false,
    mirror,
    snapshot,
  }
}

export function originalError(why: string, cause?: unknown): RunnerImagesError {
  return new RunnerImagesError(
    "ORIGINAL_INVALID",
    `The original cannot be reproduced: ${why}.`,
    "Give the folder of a build, such as dist/standard, or an image in a registry and --report with its report.json.",
    { cause },
  )
}
