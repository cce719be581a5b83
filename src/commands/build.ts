import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { OutputFolder } from "../artifacts/output-folder.js"
import type { CommandContext } from "../input/context.js"
import { answerOptions, engineOptions, layerOptions, requestOptions } from "../input/options.js"
import { readRequest } from "../input/request.js"
import { sourceOptions, withSourceCode } from "../input/source-code.js"

const options = {
  ...requestOptions,
  output: {
    type: "string",
    requiresArg: true,
    default: "dist",
    describe: "Folder for the results: an OCI layout and the reports, in one folder per variant",
    group: "Output:",
  },
  archive: {
    type: "boolean",
    default: false,
    describe: "Also write each layout as a tar file",
    group: "Output:",
  },
  load: {
    type: "boolean",
    default: false,
    describe: "Load the image for this host's platform into Docker or podman",
    group: "Output:",
  },
  force: {
    type: "boolean",
    default: false,
    describe: "Build even if nothing has changed since the last build",
    group: "What to build:",
  },
  ...layerOptions,
  ...sourceOptions,
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
        .example("$0 build", "Build both platforms of the standard image into dist/standard")
        .example("$0 build --platforms linux/arm64 --load", "Build one platform and load it into Docker or podman")
        .example("$0 build --variants all --archive --output out", "Build every variant, with a tar file each"),
    handler: async (given) => {
      const host = readRequest(given)
      const output = new OutputFolder(given.output, host.request.variants)
      host.request = await withSourceCode(host.request, given, (line) => {
        host.notes.push(line)
      })
      const { archive, load, json, force } = given
      const run = { output, archive, load, json, bareEngine: !given.noBareEngine }
      // Before the pipeline and Dagger's client are loaded.
      const { finishedEarlier } = await import("../runs/up-to-date.js")
      if (!force && (await finishedEarlier(context, host, run))) return
      const { runBuild } = await import("../runs/build.js")
      await runBuild(context, host, run)
    },
  }
}
