import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import type { CommandContext } from "./context.js"
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
      const host = await readRequest(given)
      const { runTest } = await import("../runs/test.js")
      await runTest(context, host, { json: given.json, bareEngine: !given.noBareEngine })
    },
  }
}
