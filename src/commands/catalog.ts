import type { Argv, CommandModule, InferredOptionTypes, Options } from "yargs"
import { findTool } from "../../dagger/src/core/catalog/catalog.js"
import { GITHUB_RUNNER_DAYS } from "../../dagger/src/core/catalog/releases/age.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parseMirror, requireTls } from "../../dagger/src/core/text/mirror.js"
import { PINS_FILE } from "../host/paths.js"
import type { CommandContext } from "../input/context.js"
import { answerOptions, catalogOptions } from "../input/options.js"

const { mirror, "max-age": maxAge } = catalogOptions
const checkOptions = { "max-age": maxAge, mirror, ...answerOptions } as const satisfies Record<string, Options>
const askOptions = { mirror, ...answerOptions } as const satisfies Record<string, Options>

type Asking = InferredOptionTypes<typeof askOptions> & { tools: string[] | undefined }

/** Everything below `catalog`. */
export function catalogCommand(context: CommandContext): CommandModule {
  return {
    command: "catalog",
    describe: "Check, compare and update the pinned versions and checksums of tools",
    builder: (yargs: Argv) =>
      yargs
        .command(checkCommand(context))
        .command(outdatedCommand(context))
        .command(updateCommand(context))
        .demandCommand(1, "Give one of: check, outdated, update."),
    handler: () => undefined,
  }
}

function checkCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof checkOptions>> {
  return {
    command: "check",
    describe: "Check the catalog and print the dependency audit; uses the network only with --max-age",
    builder: (yargs) =>
      yargs
        .options(checkOptions)
        .example("$0 catalog check --json", "Print the audit as JSON")
        .example(
          `$0 catalog check --max-age ${GITHUB_RUNNER_DAYS}`,
          "Check the runner's age as publish does for upstream images",
        ),
    handler: async (given) => {
      const days = parseMaxAge(given.maxAge)
      const access = await accessTo(given.mirror)
      const { runCatalogCheck } = await import("../runs/catalog.js")
      await runCatalogCheck(context, { pins: PINS_FILE, json: given.json }, access, days)
    },
  }
}

function outdatedCommand(context: CommandContext): CommandModule<object, Asking> {
  return {
    command: "outdated [tools..]",
    describe: "Query vendors for their newest releases and compare",
    builder: (yargs) => withTools(yargs).example("$0 catalog outdated runner node", "Check two tools"),
    handler: async (given) => {
      const tools = (given.tools ?? []).map(findTool)
      const access = await accessTo(given.mirror)
      const { runCatalogOutdated } = await import("../runs/catalog.js")
      await runCatalogOutdated(context, { pins: PINS_FILE, json: given.json }, access, tools)
    },
  }
}

function updateCommand(context: CommandContext): CommandModule<object, Asking> {
  return {
    command: "update [tools..]",
    describe: "Pin tools to their vendors' newest releases and print the diff; never goes back to an older release",
    builder: (yargs) =>
      withTools(yargs).example("$0 catalog update runner", "Update the runner before GitHub refuses the pinned one"),
    handler: async (given) => {
      const tools = (given.tools ?? []).map(findTool)
      const mirror = given.mirror === undefined ? undefined : parseMirror(given.mirror)
      requireTls(mirror)
      const { pinningAccess } = await import("../runs/pinning-access.js")
      const access = pinningAccess(mirror)
      const { runCatalogUpdate } = await import("../runs/catalog.js")
      await runCatalogUpdate(context, { pins: PINS_FILE, json: given.json }, access, tools)
    },
  }
}

function withTools(yargs: Argv): Argv<Asking> {
  return yargs
    .positional("tools", {
      type: "string",
      array: true,
      describe: "Names of tools in the catalog [default: all]",
    })
    .options(askOptions)
}

async function accessTo(mirror: string | undefined) {
  const { vendorAccess } = await import("../runs/vendor-access.js")
  return vendorAccess(mirror === undefined ? undefined : parseMirror(mirror))
}

function parseMaxAge(given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (/^\d{1,4}$/.test(given)) return Number(given)
  throw new RunnerImagesError("USAGE", `--max-age "${given}" is not a number of days.`, "Give one, as in --max-age 30.")
}
