import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { EXIT, RunnerImagesError } from "../../dagger/src/core/errors.js"
import { registryOf } from "../../dagger/src/core/text/reference.js"
import { readCompared, type Compared } from "../input/compared-build.js"
import type { CommandContext } from "../input/context.js"
import { readRegistry, registryOptions, type GivenRegistry } from "../input/registry-options.js"

const options = {
  "exit-code": {
    type: "boolean",
    default: false,
    describe: `Exit with code ${EXIT.checksFailed} if the builds differ`,
    group: "Output:",
  },
  ...registryOptions,
} as const satisfies Record<string, Options>

type Given = InferredOptionTypes<typeof options> & { old: string | undefined; new: string | undefined }

export function diffCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "diff [old] [new]",
    describe:
      "Compare two builds: packages, tools, configuration, layers, checks and sizes; needs an engine only for images in a registry",
    builder: (yargs) =>
      yargs
        .positional("old", {
          type: "string",
          describe:
            "The folder of a build; or its report.json, which does not have the configuration; or an image in a registry, by tag or digest",
        })
        .positional("new", { type: "string", describe: "The build to compare it with" })
        .options(options)
        .example("$0 diff old/standard dist/standard", "Print what changed as Markdown, for release notes")
        .example("$0 diff old/report.json new/report.json --json", "Compare what the reports say, for programs")
        .example("$0 diff old/standard dist/standard --exit-code", "Fail if anything differs")
        .example("$0 diff ghcr.io/OWNER/github-runner:latest dist/standard", "What is new since the last publication"),
    handler: async (given) => {
      const { old, new: recent, json, exitCode } = given
      if (old === undefined || recent === undefined) throw tooFew(old)
      const registry = readRegistry(given)
      const builds = { old: await readCompared(old), new: await readCompared(recent) }
      requireOneRegistry(builds, registry)
      const { runDiff } = await import("../runs/diff.js")
      await runDiff(context, { ...builds, registry, json, exitCode })
    },
  }
}

/** Of two registries, one would be sent the password of the other. */
function requireOneRegistry(builds: { old: Compared; new: Compared }, { credentials }: GivenRegistry): void {
  if (!credentials || !("reference" in builds.old) || !("reference" in builds.new)) return
  const registries = [builds.old, builds.new].map(({ reference }) => registryOf(reference.repository))
  if (registries[0] === registries[1]) return
  throw new RunnerImagesError(
    "USAGE",
    `--username is for one registry, and the images are in ${registries.join(" and ")}.`,
    "Give the folder or the report.json of one of the builds in place of its image.",
  )
}

/** yargs itself would take the only build for a command. */
function tooFew(given: string | undefined): RunnerImagesError {
  return new RunnerImagesError(
    "USAGE",
    `diff compares two builds, and ${given === undefined ? "none is" : `only ${given} is`} given.`,
    "Give both, as in: runner-images diff old/standard dist/standard",
  )
}
