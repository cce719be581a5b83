import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import type { BuiltVariant } from "../../dagger/src/pipeline/build.js"
import type { Progress } from "../../dagger/src/pipeline/progress.js"
import { writeArchive } from "../artifacts/archive.js"
import type { ImageLoader } from "../artifacts/load.js"
import { OutputFolder } from "../artifacts/output-folder.js"
import { summariseVariant, type Places, type VariantSummary } from "../output/summary.js"
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
      // Loaded late: what is wrong with the command line is said without waiting for the rest of the program.
      const { ImageLoader } = await import("../artifacts/load.js")
      const loader = given.load ? await ImageLoader.find(host.request.platforms) : undefined
      const { inSession } = await import("../session/session.js")
      const { build } = await import("../../dagger/src/pipeline/build.js")

      const variants = await inSession(
        { bareEngine: !given.noBareEngine, terminal, interrupts },
        async ({ progress }) => {
          const built = await build(host.request, await inputsOf(host), progress)
          const summaries: VariantSummary[] = []
          for (const image of built) {
            const keep = { output, progress, archive: given.archive, ...(loader === undefined ? {} : { loader }) }
            summaries.push(summariseVariant(image.report, await write(image, keep)))
          }
          return summaries
        },
      )
      finishRun(context, given.json, variants)
    },
  }
}

/** Brings a built variant to this host. An image of which a check failed has reports only, and nothing to load. */
async function write(
  { variant, report, directory }: BuiltVariant,
  {
    output,
    progress,
    archive,
    loader,
  }: { output: OutputFolder; progress: Progress; archive: boolean; loader?: ImageLoader },
): Promise<Places> {
  const step = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    progress.run("all platforms", `${name} ${variant}`, work)
  const folder = await step("write", async () => {
    const blobs = report.index === undefined ? [] : await directory.entries({ path: "blobs/sha256" })
    return output.replace(variant, blobs, async (fresh, present) => {
      await directory.withoutFiles(present).export(fresh)
    })
  })
  if (report.index === undefined) return { directory: folder }
  return {
    directory: folder,
    ...(archive
      ? {
          archive: await step("archive", () =>
            output.replaceArchive(variant, (file) => writeArchive(folder, file, report.created)),
          ),
        }
      : {}),
    ...(loader ? { loaded: await step("load", () => loader.load(folder, variant)) } : {}),
  }
}
