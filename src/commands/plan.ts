import { readdirSync } from "node:fs"
import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { plan } from "../../dagger/src/pipeline/plan.js"
import { planText } from "../output/plan.js"
import type { CommandContext } from "./context.js"
import { answerOptions, requestOptions } from "./options.js"
import { readRequest } from "./request.js"

const options = { ...requestOptions, ...answerOptions } as const satisfies Record<string, Options>

export function planCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "plan",
    describe: "Show what would be built; runs nothing and needs no engine",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 plan --variants all", "Packages and tools of every variant")
        .example("$0 plan --sources upstream --json", "With URLs and checksums, for programs"),
    handler: async (given) => {
      const host = readRequest(given)
      const plans = await plan(host.request, host.assets === undefined ? [] : readdirSync(host.assets))
      context.answer(given.json ? JSON.stringify(plans, null, 2) : planText(plans))
    },
  }
}
