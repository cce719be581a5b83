import { accessSync, constants } from "node:fs"
import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { AGAINST, parseAgainst, parsePackages } from "../../dagger/src/core/parity.js"
import { parseVariants } from "../../dagger/src/core/variants.js"
import { ALLOW_LIST_FILE } from "../paths.js"
import type { CommandContext } from "./context.js"
import { caBundle, readDefinition } from "./host-files.js"
import { answerOptions, engineOptions, listOf, parityOptions, requestOptions } from "./options.js"

const { variants, definition, refresh, "ca-bundle": bundle } = requestOptions
const options = {
  ...parityOptions,
  variants,
  definition,
  refresh,
  "ca-bundle": bundle,
  ...answerOptions,
  ...engineOptions,
} as const satisfies Record<string, Options>

export function parityCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "parity",
    describe: "Prove that native programs install foreign packages as emulated ones do, path by path",
    builder: (yargs) =>
      yargs
        .options(options)
        .example(`$0 parity --against ${AGAINST[0]}`, "The standard image's packages, both ways")
        .example("$0 parity --packages chromium,fonts-noto-cjk", "With further packages"),
    handler: async (given) => {
      const own = given.definition === undefined ? undefined : await readDefinition(given.definition)
      const request = {
        against: parseAgainst(given.against),
        variants: parseVariants(listOf(given.variants), own?.name),
        ...(own ? { own } : {}),
        packages: parsePackages(listOf(given.packages)),
        refresh: given.refresh,
      }
      const trusted = caBundle(given.caBundle)
      if (given.updateAllowList) requireWritable(ALLOW_LIST_FILE)
      const { runAllowListUpdate, runParity } = await import("../runs/parity.js")
      const run = { json: given.json, bareEngine: !given.noBareEngine, ...(trusted ? { caBundle: trusted } : {}) }
      await (given.updateAllowList ? runAllowListUpdate : runParity)(context, request, run)
    },
  }
}

/** Found out before minutes of emulation, not after. */
function requireWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK)
  } catch {
    throw new RunnerImagesError(
      "OUTPUT_UNWRITABLE",
      `${path} cannot be written by this user.`,
      "Change its permissions.",
    )
  }
}
