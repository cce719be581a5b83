import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { hostPlatform } from "../artifacts/host-platform.js"
import { loadableEngine, loadImage } from "../artifacts/load.js"
import { OutputFolder } from "../artifacts/output-folder.js"
import { writeArchive } from "../artifacts/archive.js"
import { summariseVariant, type Places } from "../output/summary.js"
import { inSession } from "../session/session.js"
import { finishRun } from "./answer.js"
import type { CommandContext } from "./context.js"
import { inputsOf } from "./inputs.js"
import { answerOptions, engineOptions, requestOptions } from "./options.js"
import { readRequest } from "./request.js"

const options = {
  ...requestOptions,
  output: {
    type: "string",
    requiresArg: true,
    default: "dist",
    describe: "Folder for the results: an OCI layout and the reports, one folder a variant",
    group: "Output:",
  },
  archive: {
    type: "boolean",
    default: false,
    describe: "Also write each layout as one tar file",
    group: "Output:",
  },
  load: {
    type: "boolean",
    default: false,
    describe: "Load this host's platform into Docker or podman",
    group: "Output:",
  },
  ...answerOptions,
  ...engineOptions,
} as const satisfies Record<string, Options>

export function buildCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "build",
    describe: "Build and smoke-test images, and write them to a folder",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 build", "Both platforms of the standard image into dist/standard")
        .example("$0 build --platforms linux/arm64 --load", "One platform, loaded into Docker or podman")
        .example("$0 build --variants all --archive --output out", "Every variant, with a tar file each"),
    handler: async (given) => {
      const { terminal, interrupts } = context
      const host = readRequest(given)
      const output = new OutputFolder(given.output, host.request.variants)
      const loadPlatform = given.load ? hostPlatform(host.request.platforms) : undefined
      const loader = given.load ? await loadableEngine() : undefined

      const variants = await inSession(
        { bareEngine: !given.noBareEngine, terminal, interrupts },
        async ({ progress }) => {
          const { build } = await import("../../dagger/src/pipeline/build.js")
          const built = await build(host.request, await inputsOf(host), progress)
          const summaries = []
          for (const { variant, report, directory } of built) {
            const places: Places = {
              directory: await progress.run("all platforms", `write ${variant}`, () =>
                output.replace(variant, async (folder) => {
                  await directory.export(folder)
                }),
              ),
            }
            if (report.index !== undefined && given.archive)
              places.archive = await progress.run("all platforms", `archive ${variant}`, () =>
                output.replaceArchive(variant, (file) => writeArchive(output.of(variant), file, report.created)),
              )
            if (report.index !== undefined && loader !== undefined && loadPlatform !== undefined)
              places.loaded = await progress.run("all platforms", `load ${variant}`, () =>
                loadImage(loader, output.of(variant), loadPlatform, variant),
              )
            summaries.push(summariseVariant(report, places))
          }
          return summaries
        },
      )
      finishRun(context, given.json, variants)
    },
  }
}
