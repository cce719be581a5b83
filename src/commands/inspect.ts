import type { CommandModule, InferredOptionTypes } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parseImageReference } from "../../dagger/src/core/text/reference.js"
import type { CommandContext } from "../input/context.js"
import { readRegistry, registryOptions } from "../input/registry-options.js"

type Given = InferredOptionTypes<typeof registryOptions> & { reference: string | undefined }

export function inspectCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "inspect [reference]",
    describe: "Say what a registry has about an image: platforms, sizes, tools, attestations, age and former tags",
    builder: (yargs) =>
      yargs
        .positional("reference", { type: "string", describe: "An image, by tag or digest" })
        .options(registryOptions)
        .example("$0 inspect ghcr.io/OWNER/github-runner:latest", "")
        .example("$0 inspect ghcr.io/OWNER/github-runner:latest --json", "For programs"),
    handler: async (given) => {
      if (given.reference === undefined)
        throw new RunnerImagesError(
          "USAGE",
          "No image is given.",
          "Name one, as in ghcr.io/OWNER/github-runner:latest.",
        )
      const reference = parseImageReference(given.reference)
      const registry = readRegistry(given)
      const { runInspect } = await import("../runs/published.js")
      await runInspect(context, registry, { reference, json: given.json })
    },
  }
}
