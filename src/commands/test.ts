import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { parseImageReference } from "../../dagger/src/core/text/reference.js"
import type { CommandContext } from "../input/context.js"
import { plainHttpOption } from "../input/credentials.js"
import { answerOptions, engineOptions, requestOptions } from "../input/options.js"
import { readRequest } from "../input/request.js"

const options = { ...requestOptions, ...plainHttpOption, ...answerOptions, ...engineOptions } as const satisfies Record<
  string,
  Options
>

type Given = InferredOptionTypes<typeof options> & { reference: string | undefined }

export function testCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "test [reference]",
    describe: "Smoke-test images inside their containers; writes nothing",
    builder: (yargs) =>
      yargs
        .positional("reference", {
          type: "string",
          describe: "An image to pull and test, by tag or digest. If omitted, images are built first",
        })
        .options(options)
        .example("$0 test --platforms linux/arm64", "Build one platform and run its checks")
        .example("$0 test ghcr.io/OWNER/github-runner:latest", "Test an image in a registry"),
    handler: async (given) => {
      const host = readRequest(given)
      const reference = given.reference === undefined ? undefined : parseImageReference(given.reference)
      const { runTest } = await import("../runs/test.js")
      await runTest(context, host, {
        json: given.json,
        bareEngine: !given.noBareEngine,
        plainHttp: given.plainHttp,
        ...(reference === undefined ? {} : { reference }),
      })
    },
  }
}
