import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { assertTag, parseDigest, parseRepository } from "../../dagger/src/core/text/reference.js"
import type { CommandContext } from "../input/context.js"
import { readRegistry, registryOptions, tagOptions } from "../input/registry-options.js"

const options = {
  to: {
    type: "string",
    requiresArg: true,
    describe: "Digest of the image to go back to [default: where the tag was before its last move]",
    group: "Tags:",
  },
  ...tagOptions,
  ...registryOptions,
} as const satisfies Record<string, Options>

type Given = InferredOptionTypes<typeof options> & { repository: string | undefined; tag: string | undefined }

export function rollbackCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "rollback [repository] [tag]",
    describe: "Set a tag back to the image that it pointed to before",
    builder: (yargs) =>
      yargs
        .positional("repository", { type: "string", describe: "Repository: host[:port]/path" })
        .positional("tag", { type: "string", describe: "The tag" })
        .options(options)
        .example("$0 rollback ghcr.io/OWNER/github-runner latest", "Undo the last move of latest")
        .example("$0 rollback ghcr.io/OWNER/github-runner latest --to sha256:…", "Go back to a certain image"),
    handler: async (given) => {
      const { repository, tag, to, force, dryRun, json } = given
      if (repository === undefined || tag === undefined)
        throw new RunnerImagesError(
          "USAGE",
          `rollback sets a tag back, and ${repository === undefined ? "neither repository nor tag is" : "no tag is"} given.`,
          "Give both, as in: runner-images rollback ghcr.io/OWNER/github-runner latest",
        )
      const parsed = parseRepository(repository)
      assertTag(tag)
      const digest = to === undefined ? undefined : parseDigest(to, "to")
      const registry = readRegistry(given)
      const { runRollback } = await import("../runs/published.js")
      await runRollback(context, registry, { repository: parsed, tag, to: digest, force, dryRun, json })
    },
  }
}
