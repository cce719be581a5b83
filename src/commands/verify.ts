import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { PLATFORMS, parsePlatforms } from "../../dagger/src/core/platforms.js"
import { parseImageReference, parseRepository } from "../../dagger/src/core/text/reference.js"
import { isFolder } from "../artifacts/lookup.js"
import type { CommandContext } from "../input/context.js"
import { requestOptions } from "../input/options.js"
import { readRegistry, registryOptions } from "../input/registry-options.js"
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
    describe:
      "With --identity: file with the trusted root of other servers than sigstore's public ones, or a copy of theirs for a host without a way out",
    group: TRUST,
  },
  repository: {
    type: "string",
    requiresArg: true,
    describe: "Of a copied image: where it was published, as in ghcr.io/OWNER/github-runner",
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
  ...registryOptions,
  "ca-bundle": {
    ...registryOptions["ca-bundle"],
    describe: "PEM file with the certificate authorities that the registry is trusted by [default: this host's]",
  },
} as const satisfies Record<string, Options>

type Given = InferredOptionTypes<typeof verifyOptions> & { image: string | undefined }

export function verifyCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "verify [image]",
    describe: "Verify a published image: signatures, bills of materials, provenance and test results",
    builder: (yargs) =>
      yargs
        .positional("image", {
          type: "string",
          describe:
            "An image in a registry, by tag or digest; or the folder of a copy, an OCI image layout with all that refers to the image, which needs no engine",
        })
        .options(verifyOptions)
        .example("$0 verify ghcr.io/OWNER/github-runner:latest --key cosign.pub", "")
        .example("regctl image copy --referrers ghcr.io/OWNER/github-runner:latest ocidir://runner", "")
        .example("$0 verify runner --key cosign.pub --repository ghcr.io/OWNER/github-runner", ""),
    handler: async (given) => {
      if (given.image === undefined)
        throw usage("verify examines an image, and none is given", "Give its reference, or the folder of its layout.")
      const platforms = parsePlatforms(given.platforms)
      const trust = await readTrust(given)
      const common = { platforms, ...trust, plainHttp: given.plainHttp, json: given.json }
      const { verifyCopy, verifyPublished } = await import("../runs/verify.js")
      if (isFolder(given.image)) {
        if (given.repository === undefined)
          throw usage(
            "verify does not know where the copied image was published",
            "Give --repository: evidence of another one does not count.",
          )
        const repository = parseRepository(given.repository).name
        await verifyCopy(context, { ...common, folder: given.image, tag: given.tag, repository })
        return
      }
      const alone = given.repository === undefined ? (given.tag === undefined ? undefined : "--tag") : "--repository"
      if (alone !== undefined)
        throw usage(
          `${alone} is for the folder of a copied image, and ${given.image} is not a folder`,
          "Leave it out, or check the path.",
        )
      const reference = parseImageReference(given.image)
      await verifyPublished(context, { ...common, reference, registry: readRegistry(given) })
    },
  }
}

function usage(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("USAGE", `${problem}.`, remedy)
}
