import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import type { CommandContext } from "../input/context.js"
import { answerOptions, requestOptions } from "../input/options.js"
import { readRequest } from "../input/request.js"

const options = { ...requestOptions, ...answerOptions } as const satisfies Record<string, Options>

export function planCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "plan",
    describe: "Show what would be built; runs nothing and needs no engine",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 plan --variants all", "Show the packages and tools of every variant")
        .example("$0 plan --sources upstream --json", "Print URLs and checksums too, as JSON"),
    handler: async (given) => {
      const host = readRequest(given)
      const { runPlan } = await import("../runs/plan.js")
      await runPlan(context, host, given.json)
    },
  }
}
