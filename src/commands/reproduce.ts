import { join } from "node:path"
import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { composeRequest } from "../../dagger/src/core/plan/compose-request.js"
import { originalError, parseOriginal, rebuildOf } from "../../dagger/src/core/reproduce/original.js"
import { parseImageReference } from "../../dagger/src/core/text/reference.js"
import { isFolder } from "../artifacts/lookup.js"
import type { CommandContext } from "../input/context.js"
import { credentialOptions, plainHttpOption, readCredentials } from "../input/credentials.js"
import { assetsFolder, caBundle, readDefinition, readReport } from "../input/host-files.js"
import { answerOptions, engineOptions, requestOptions } from "../input/options.js"

const { definition, assets, mirror, snapshot } = requestOptions

const options = {
  report: {
    type: "string",
    requiresArg: true,
    describe: "The report.json of the original's build [default: the one in its folder]",
    group: "What to reproduce:",
  },
  definition: { ...definition, describe: "The definition file, instead of the one that the report contains" },
  assets,
  mirror,
  snapshot: { ...snapshot, describe: snapshot.describe.replace("With --lock: take", "Take") },
  "ca-bundle": requestOptions["ca-bundle"],
  ...credentialOptions,
  ...plainHttpOption,
  ...answerOptions,
  ...engineOptions,
} as const satisfies Record<string, Options>

const DEFAULT = "dist/standard"

type Given = InferredOptionTypes<typeof options> & { original: string }

export function reproduceCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "reproduce [original]",
    describe: "Build an image again from its report, and say whether it is the same, or which files differ",
    builder: (yargs) =>
      yargs
        .positional("original", {
          type: "string",
          default: DEFAULT,
          describe: "The folder of a build, or an image in a registry, by tag or digest",
        })
        .options(options)
        .example("$0 reproduce", `Reproduce ${DEFAULT}`)
        .example("$0 reproduce dist/chrome --snapshot distribution", "Also if the archive has newer packages now")
        .example("$0 reproduce ghcr.io/OWNER/github-runner:latest --report report.json", "Reproduce a published image"),
    handler: async (given) => {
      const folder = isFolder(given.original) ? given.original : undefined
      const reference = folder === undefined ? referenceOf(given.original) : undefined
      const path = given.report ?? (folder === undefined ? undefined : join(folder, "report.json"))
      if (path === undefined)
        throw originalError(`${given.original} is an image, and there is no --report that says how it was built`)
      const text = readReport(path, "ORIGINAL_INVALID")
      const report = parseOriginal(text)
      const request = composeRequest(
        rebuildOf(text, {
          mirror: given.mirror,
          snapshot: given.snapshot,
          definition: given.definition === undefined ? undefined : readDefinition(given.definition),
        }),
      )
      const bundle = caBundle(given.caBundle)
      const credentials = readCredentials(given)
      const { runReproduce } = await import("../runs/reproduce.js")
      await runReproduce(context, {
        report,
        original: reference ? { reference, credentials, plainHttp: given.plainHttp } : { folder: folder ?? "" },
        host: {
          request,
          notes: [],
          ...(given.assets === undefined ? {} : { assets: assetsFolder(given.assets) }),
          ...(bundle === undefined ? {} : { caBundle: bundle }),
        },
        json: given.json,
        bareEngine: !given.noBareEngine,
      })
    },
  }
}

/** What is neither a folder nor could be an image is more likely a folder's name with a mistake. */
function referenceOf(given: string): ReturnType<typeof parseImageReference> {
  try {
    return parseImageReference(given)
  } catch (cause) {
    if (!(cause instanceof RunnerImagesError)) throw cause
    throw originalError(`${given} is neither a folder nor an image reference`, cause)
  }
}
