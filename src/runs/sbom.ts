import { billedPlatform } from "../../dagger/src/core/sbom/bill.js"
import { sbomText } from "../../dagger/src/core/sbom/documents.js"
import type { SbomFormat } from "../../dagger/src/core/sbom/formats.js"
import type { CommandContext } from "../input/context.js"

export interface SbomRun {
  /** Of the report. */
  text: string
  /** Where the user said that it is. */
  path: string
  platform: string | undefined
  format: SbomFormat
}

/** Prints the bill of materials of a platform's image. */
export function runSbom({ answer }: CommandContext, { text, path, platform, format }: SbomRun): void {
  const { report, entry } = billedPlatform(text, path, platform)
  answer(sbomText(report, entry, format))
}
