import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import type { CommandContext } from "../input/context.js"
import { answerOptions } from "../input/options.js"

const options = { ...answerOptions } as const satisfies Record<string, Options>

const DEFAULT = "dist"

type Given = InferredOptionTypes<typeof options> & { folder: string }

export function listCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "list [folder]",
    describe: "List the images that were built into a folder: platforms, digests, sizes and checks; needs no engine",
    builder: (yargs) =>
      yargs
        .positional("folder", { type: "string", default: DEFAULT, describe: "The folder that builds were written to" })
        .options(options)
        .example("$0 list", `List what is in ${DEFAULT}`)
        .example("$0 list --json", "Print digests in full, as JSON"),
    handler: async ({ folder, json }) => {
      const { runList } = await import("../runs/list.js")
      await runList(context, { folder, json })
    },
  }
}
