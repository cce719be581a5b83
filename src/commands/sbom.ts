import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { parseSbomFormat, SBOM_FORMATS } from "../../dagger/src/core/sbom/formats.js"
import type { CommandContext } from "../input/context.js"
import { readBuildReport } from "../input/host-files.js"

export const sbomOptions = {
  platform: {
    type: "string",
    requiresArg: true,
    describe: "The platform whose image it is about [required if there are several]",
    group: "Output:",
  },
  format: {
    type: "string",
    requiresArg: true,
    describe: `Format of the document: spdx, which is SPDX 2.3, or cyclonedx, which is CycloneDX 1.6 [default: ${SBOM_FORMATS[0]}]`,
    group: "Output:",
  },
} as const satisfies Record<string, Options>

const DEFAULT = "dist/standard"

type Given = InferredOptionTypes<typeof sbomOptions> & { path: string }

export function sbomCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "sbom [path]",
    describe: "Print an image's bill of materials: its packages and tools, with versions and checksums",
    builder: (yargs) =>
      yargs
        .positional("path", {
          type: "string",
          default: DEFAULT,
          describe: "The folder of a build, or its report.json",
        })
        .options(sbomOptions)
        .example("$0 sbom --platform linux/arm64", `Print what is in the arm64 image of ${DEFAULT}, as SPDX`)
        .example("$0 sbom dist/chrome/report.json --platform linux/amd64 --format cyclonedx", ""),
    handler: async ({ path, platform, format: word }) => {
      const format = parseSbomFormat(word)
      const text = readBuildReport(path)
      const { runSbom } = await import("../runs/sbom.js")
      runSbom(context, { text, path, platform, format })
    },
  }
}
