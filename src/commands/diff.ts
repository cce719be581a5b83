import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { EXIT, RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { CommandContext } from "../input/context.js"
import { answerOptions } from "../input/options.js"

const options = {
  ...answerOptions,
  "exit-code": {
    type: "boolean",
    default: false,
    describe: `Exit with code ${EXIT.checksFailed} if the builds differ`,
    group: "Output:",
  },
} as const satisfies Record<string, Options>

type Given = InferredOptionTypes<typeof options> & { old: string | undefined; new: string | undefined }

export function diffCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "diff [old] [new]",
    describe: "Compare two builds: packages, tools, configuration, layers, checks and sizes; needs no engine",
    builder: (yargs) =>
      yargs
        .positional("old", {
          type: "string",
          describe: "The folder of a build, or its report.json, which does not have the configuration",
        })
        .positional("new", { type: "string", describe: "The build to compare it with" })
        .options(options)
        .example("$0 diff old/standard dist/standard", "Print what changed as Markdown, for release notes")
        .example("$0 diff old/report.json new/report.json --json", "Compare what the reports say, for programs")
        .example("$0 diff old/standard dist/standard --exit-code", "Fail if anything differs"),
    handler: async (given) => {
      const { old, new: recent, json, exitCode } = given
      if (old === undefined || recent === undefined) throw tooFew(old)
      const { runDiff } = await import("../runs/diff.js")
      await runDiff(context, { old, new: recent, json, exitCode })
    },
  }
}

/** yargs itself would take the only build for a command. */
function tooFew(given: string | undefined): RunnerImagesError {
  return new RunnerImagesError(
    "USAGE",
    `diff compares two builds, and ${given === undefined ? "none is" : `only ${given} is`} given.`,
    "Give both, as in: runner-images diff old/standard dist/standard",
  )
}
