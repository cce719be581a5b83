import { parseChoice } from "../text/choice.js"

/** The formats of bills of materials: SPDX 2.3 and CycloneDX 1.6, both as JSON. The first is the default. */
export const SBOM_FORMATS = ["spdx", "cyclonedx"] as const
export type SbomFormat = (typeof SBOM_FORMATS)[number]

/** As both specifications name such files. */
const SUFFIXES: Readonly<Record<SbomFormat, string>> = { spdx: "spdx.json", cyclonedx: "cdx.json" }

/** @throws RunnerImagesError USAGE when it is none of {@link SBOM_FORMATS} */
export function parseSbomFormat(given: string | undefined): SbomFormat {
  return parseChoice(given, {
    option: "format",
    words: SBOM_FORMATS,
    code: "USAGE",
    noun: "a format of bills of materials",
  })
}

/** The path of a bill beside the report. That of linux/arm64 in SPDX is `sbom/linux-arm64.spdx.json`. */
export function sbomPath(platform: string, format: SbomFormat): string {
  return `sbom/${platform.replaceAll("/", "-")}.${SUFFIXES[format]}`
}

/** The paths of all bills that a build writes for these platforms. */
export function sbomPaths(platforms: readonly string[]): string[] {
  return platforms.flatMap((platform) => SBOM_FORMATS.map((format) => sbomPath(platform, format)))
}
