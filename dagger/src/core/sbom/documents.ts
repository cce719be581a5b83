import type { PlatformReport, Report } from "../report/report.js"
import { billOf, type Bill } from "./bill.js"
import { cyclonedxText } from "./cyclonedx.js"
import { SBOM_FORMATS, sbomPath, type SbomFormat } from "./formats.js"
import { spdxDocument } from "./spdx.js"

const WRITERS: Readonly<Record<SbomFormat, (bill: Bill) => string>> = {
  spdx: (bill) => JSON.stringify(spdxDocument(bill), null, 2),
  cyclonedx: cyclonedxText,
}

/**
 * The bill of materials of a platform's image, as JSON. The same report gives the same text, everywhere and always.
 *
 * @throws RunnerImagesError REPORT_INVALID when the report does not have what a bill needs
 */
export function sbomText(report: Report, entry: PlatformReport, format: SbomFormat): string {
  return WRITERS[format](billOf(report, entry))
}

/** The bills of all platforms in all formats, by their paths beside the report. */
export function sbomFiles(report: Report): Record<string, string> {
  return Object.fromEntries(
    report.platforms.flatMap((entry) =>
      SBOM_FORMATS.map((format) => [sbomPath(entry.platform, format), `${sbomText(report, entry, format)}\n`]),
    ),
  )
}
