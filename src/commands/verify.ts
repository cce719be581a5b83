import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { PLATFORMS, parsePlatforms } from "../../dagger/src/core/platforms.js"
import { parseRepository } from "../../dagger/src/core/text/reference.js"
import type { CommandContext } from "../input/context.js"
import { readable } from "../input/host-files.js"
import { answerOptions, requestOptions } from "../input/options.js"
import { readTrust } from "../input/trust.js"

const TRUST = "What to trust:"
const IMAGE = "The image:"

export const verifyOptions = {
  key: {
    type: "string",
    requiresArg: true,
    describe: "File with the public key of who signed, in PEM format; several keys may follow each other",
    group: TRUST,
  },
  identity: {
    type: "string",
    requiresArg: true,
    describe: "Without a key: whom the signatures' certificates are for, exactly, such as the URL of a workflow",
    group: TRUST,
  },
  issuer: {
    type: "string",
    requiresArg: true,
    describe: "With --identity: the URL of who vouched for it",
    group: TRUST,
  },
  "trusted-root": {
    type: "string",
    requiresArg: true,
    describe: "With --identity: file with sigstore's trusted root, or another one",
    group: TRUST,
  },
  repository: {
    type: "string",
    requiresArg: true,
    describe: "The repository that the image was published in, as in ghcr.io/OWNER/github-runner [required]",
    group: IMAGE,
  },
  tag: {
    type: "string",
    requiresArg: true,
    describe: "Which image of the layout, if it has several",
    group: IMAGE,
  },
  platforms: {
    ...requestOptions.platforms,
    describe: `Platforms that the image must have, comma-separated or repeated [default: ${PLATFORMS.join(",")}]`,
    group: IMAGE,
  },
  ...answerOptions,
} as const satisfies Record<string, Options>

type Given = InferredOptionTypes<typeof verifyOptions> & { layout: string | undefined }

export function verifyCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "verify [layout]",
    describe: "Verify a copied image: signatures, bills of materials, provenance and test results; needs no engine",
    builder: (yargs) =>
      yargs
        .positional("layout", {
          type: "string",
          describe: "The folder of an OCI image layout with all that refers to the image, as regctl and oras copy it",
        })
        .options(verifyOptions)
        .example("regctl image copy --referrers ghcr.io/OWNER/github-runner:latest ocidir://runner", "")
        .example("$0 verify runner --key cosign.pub --repository ghcr.io/OWNER/github-runner", ""),
    handler: async (given) => {
      if (given.layout === undefined)
        throw usage("verify examines an image, and none is given", "Give the folder of its layout.")
      if (given.repository === undefined)
        throw usage(
          "verify does not know where the image was published",
          "Give --repository: evidence of another one does not count.",
        )
      const folder = readable(given.layout, "folder", "USAGE", "The layout")
      const repository = parseRepository(given.repository).name
      const platforms = parsePlatforms(given.platforms)
      const trust = await readTrust(given)
      const { runVerify } = await import("../runs/verify.js")
      await runVerify(context, { folder, tag: given.tag, repository, platforms, ...trust, json: given.json })
    },
  }
}

function usage(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("USAGE", `${problem}.`, remedy)
}
