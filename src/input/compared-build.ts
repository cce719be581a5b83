import { join, resolve } from "node:path"
import { buildOf, diffError, type Build } from "../../dagger/src/core/diff/build.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { readLayout, type Layout } from "../../dagger/src/core/oci/layout.js"
import { parseReport, type Report } from "../../dagger/src/core/report/report.js"
import { parseImageReference, type ImageReference } from "../../dagger/src/core/text/reference.js"
import { layoutReader } from "../../dagger/src/pipeline/oci/layout-files.js"
import { lookup } from "../artifacts/lookup.js"
import { readReport } from "./host-files.js"

/** One of the two builds that a user compares: read from this host, or the name of an image that a registry has. */
export type Compared = { build: Build } | { reference: ImageReference }

/**
 * A build that is to be compared with another one.
 *
 * @param given path of a `report.json`, or of a folder with one, and usually with the layout that it describes; or an image in a registry
 * @throws RunnerImagesError DIFF_INVALID when there is no build
 */
export async function readCompared(given: string): Promise<Compared> {
  if (given.trim() === "") throw diffError("A build", "its path is empty")
  const path = resolve(given)
  const found = lookup(path)
  if (!found) return { reference: publishedAs(given) }
  if (!found.isDirectory()) return { build: { report: reportIn(path, given) } }
  const reportFile = join(path, "report.json")
  if (!lookup(reportFile)) throw diffError(given, "the folder has no report.json")
  const report = reportIn(reportFile, given)
  // A build whose checks failed leaves reports only, and so does whoever keeps no images.
  const whole = lookup(join(path, "index.json"))
  return { build: whole ? buildOf(report, await layoutIn(path, given), given) : { report } }
}

/** What is no path is an image's name, whose first part is a registry. */
function publishedAs(given: string): ImageReference {
  if (/^[./~]/.test(given)) throw diffError(given, "there is no such file or folder")
  try {
    return parseImageReference(given)
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    const why = `there is no such file or folder, and it is no image in a registry either: ${error.problem}`
    throw diffError(given, why, error)
  }
}

function reportIn(path: string, given: string): Report {
  return parseReport(readReport(path, "DIFF_INVALID"), (why, cause) =>
    diffError(given, `its report cannot be read: ${why}`, cause),
  )
}

async function layoutIn(folder: string, given: string): Promise<Layout> {
  try {
    return await readLayout(
      layoutReader(folder, (path, why, cause) => diffError(given, `${path} cannot be read: ${why}`, cause)),
    )
  } catch (error) {
    if (!(error instanceof RunnerImagesError) || error.code === "DIFF_INVALID") throw error
    throw diffError(given, `its layout is damaged: ${error.problem}`, error)
  }
}
