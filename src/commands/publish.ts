import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { assertPublishable } from "../../dagger/src/core/oci/publication.js"
import { parseTagTemplates, placeholderList } from "../../dagger/src/core/oci/tag-template.js"
import { parseRepository } from "../../dagger/src/core/text/reference.js"
import type { CommandContext } from "../input/context.js"
import { credentialOptions, plainHttpOption, readCredentials } from "../input/credentials.js"
import { answerOptions, engineOptions, layerOptions, listOf, requestOptions } from "../input/options.js"
import { readRequest } from "../input/request.js"
import { tagOptions } from "../input/registry-options.js"
import { readSigner, signingOptions } from "../input/signing.js"
import { sourceOptions, withSourceCode } from "../input/source-code.js"

const options = {
  ...requestOptions,
  repository: {
    type: "string",
    requiresArg: true,
    describe: "Repository to push to: host[:port]/path, such as ghcr.io/OWNER/github-runner [required]",
    group: "Where to publish:",
  },
  tags: {
    type: "string",
    array: true,
    describe: `Tags to set, comma-separated or repeated; ${placeholderList()} are filled in [required]`,
    group: "Where to publish:",
  },
  "variant-tags": {
    type: "boolean",
    default: false,
    describe: "Also tag variants other than standard in the repository itself, as chrome-TAG",
    group: "Where to publish:",
  },
  ...tagOptions,
  ...layerOptions,
  ...sourceOptions,
  ...credentialOptions,
  ...plainHttpOption,
  ...signingOptions,
  ...answerOptions,
  ...engineOptions,
} as const satisfies Record<string, Options>

export function publishCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "publish",
    describe: "Build, smoke-test and push images, and print their digests",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 publish --sources upstream --repository ghcr.io/OWNER/github-runner --tags 2026.11,latest", "")
        .example(
          "$0 publish --sources upstream --repository ghcr.io/OWNER/github-runner --tags '{runner}-{date},latest'",
          "A tag that names the runner's version and the day of the newest input, and one that follows the newest image",
        )
        .example(
          "$0 publish --sources registry --runner act --repository 127.0.0.1:5000/runner --tags try",
          "Push to a registry on this host, without TLS",
        ),
    handler: async (given) => {
      const host = readRequest(given)
      if (given.repository === undefined)
        throw new RunnerImagesError(
          "USAGE",
          "--repository is missing.",
          "Give host[:port]/path, as in ghcr.io/OWNER/github-runner.",
        )
      const repository = parseRepository(given.repository)
      const tags = parseTagTemplates(listOf(given.tags))
      const { variantTags, json, force, dryRun, plainHttp } = given
      const credentials = readCredentials(given)
      const sign = await readSigner(given)
      host.request = await withSourceCode(host.request, given, (line) => {
        host.notes.push(line)
      })
      assertPublishable(host.request, { repository: repository.name, tags })
      const { runPublish } = await import("../runs/publish.js")
      const bareEngine = !given.noBareEngine
      await runPublish(context, host, {
        repository,
        tags,
        variantTags,
        force,
        dryRun,
        credentials,
        plainHttp,
        sign,
        json,
        bareEngine,
      })
    },
  }
}
