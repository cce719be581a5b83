import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { summariseVariant } from "../output/summary.js"
import { finishRun } from "./answer.js"
import type { CommandContext } from "./context.js"
import { inputsOf } from "./inputs.js"
import { answerOptions, engineOptions, requestOptions } from "./options.js"
import { readRequest } from "./request.js"

const options = { ...requestOptions, ...answerOptions, ...engineOptions } as const satisfies Record<string, Options>

export function testCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "test",
    describe: "Smoke-test images inside their containers; writes nothing",
    builder: (yargs) =>
      yargs.options(options).example("$0 test --platforms linux/arm64", "Build one platform and run its checks"),
    handler: async (given) => {
      const { terminal, interrupts } = context
      const host = readRequest(given)
      // Loaded late: what is wrong with the command line is said without waiting for it.
      const { inSession } = await import("../session/session.js")
      const variants = await inSession(
        { bareEngine: !given.noBareEngine, terminal, interrupts },
        async ({ progress }) => {
          const { build } = await import("../../dagger/src/pipeline/build.js")
          const built = await build(host.request, await inputsOf(host), progress)
          return built.map(({ report }) => summariseVariant(report))
        },
      )
      finishRun(context, given.json, variants)
    },
  }
}
