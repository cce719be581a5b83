import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parseImageReference, parseTags } from "../../dagger/src/core/text/reference.js"
import type { CommandContext } from "../input/context.js"
import { listOf } from "../input/options.js"
import { readRegistry, registryOptions, tagOptions } from "../input/registry-options.js"

const options = { ...tagOptions, ...registryOptions } as const satisfies Record<string, Options>

type Given = InferredOptionTypes<typeof options> & { reference: string | undefined; tags: string[] | undefined }

export function promoteCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "promote [reference] [tags..]",
    describe: "Set tags to an image that is in a registry already, by the rules of publish",
    builder: (yargs) =>
      yargs
        .positional("reference", { type: "string", describe: "The image, by tag or digest" })
        .positional("tags", { type: "string", array: true, describe: "Tags to set, in the same repository" })
        .options(options)
        .example("$0 promote ghcr.io/OWNER/github-runner:0.1.0-2026.11.30 latest", "")
        .example("$0 promote ghcr.io/OWNER/github-runner:edge stable latest --dry-run", "Say what would be done"),
    handler: async (given) => {
      const { reference, tags = [], force, dryRun, json } = given
      if (reference === undefined || tags.length === 0)
        throw new RunnerImagesError(
          "USAGE",
          `promote sets tags to an image, and ${reference === undefined ? "neither is" : "no tag is"} given.`,
          "Give both, as in: runner-images promote ghcr.io/OWNER/github-runner:0.1.0 latest",
        )
      const image = parseImageReference(reference)
      const wanted = parseTags(listOf(tags))
      const registry = readRegistry(given)
      const { runPromote } = await import("../runs/published.js")
      await runPromote(context, registry, { reference: image, tags: wanted, force, dryRun, json })
    },
  }
}
