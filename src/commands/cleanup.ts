import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parseKeep } from "../../dagger/src/core/published/cleanup.js"
import { parseRepository } from "../../dagger/src/core/text/reference.js"
import type { CommandContext } from "../input/context.js"
import { readRegistry, registryOptions } from "../input/registry-options.js"

const options = {
  keep: {
    type: "string",
    requiresArg: true,
    describe: "Number of builds that stay of each series of tags, such as 1.2.3 and 1.2.3-act [required]",
    group: "What to delete:",
  },
  "dry-run": {
    type: "boolean",
    default: false,
    describe: "Say what would be deleted, and delete nothing",
    group: "What to delete:",
  },
  ...registryOptions,
} as const satisfies Record<string, Options>

type Given = InferredOptionTypes<typeof options> & { repository: string | undefined }

export function cleanupCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "cleanup [repository]",
    describe: "Delete old builds from a repository, and nothing that a remaining tag needs",
    builder: (yargs) =>
      yargs
        .positional("repository", { type: "string", describe: "Repository: host[:port]/path" })
        .options(options)
        .example("$0 cleanup ghcr.io/OWNER/github-runner --keep 10 --dry-run", "Say what would be deleted"),
    handler: async (given) => {
      if (given.repository === undefined)
        throw new RunnerImagesError("USAGE", "No repository is given.", "Name one, as in ghcr.io/OWNER/github-runner.")
      const repository = parseRepository(given.repository)
      const keep = parseKeep(given.keep)
      const registry = readRegistry(given)
      const { runCleanup } = await import("../runs/published.js")
      await runCleanup(context, registry, { repository, keep, dryRun: given.dryRun, json: given.json })
    },
  }
}
