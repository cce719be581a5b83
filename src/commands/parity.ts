import { accessSync, constants } from "node:fs"
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { assertComparable } from "../../dagger/src/core/parity/image-parity.js"
import {
  AGAINST,
  parseAgainst,
  parsePackages,
  type Against,
  type ParityRequest,
} from "../../dagger/src/core/parity/emulation-parity.js"
import { composeVariants } from "../../dagger/src/core/plan/compose-request.js"
import { ALLOW_LIST_FILE } from "../host/paths.js"
import type { CommandContext } from "../input/context.js"
import { caBundle, readDefinition } from "../input/host-files.js"
import { answerOptions, engineOptions, listOf, parityOptions, requestOptions } from "../input/options.js"
import { readRequest } from "../input/request.js"

const options = {
  ...parityOptions,
  ...requestOptions,
  ...answerOptions,
  ...engineOptions,
} as const satisfies Record<string, Options>

type Given = ArgumentsCamelCase<InferredOptionTypes<typeof options>>

export function parityCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "parity",
    describe:
      "Prove that images are the same on all platforms, or that native and emulated installation give the same files",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 parity --variants all", "Compare the platforms of every variant")
        .example("$0 parity --against emulated", "Compare both install methods for the standard image's packages")
        .example("$0 parity --against emulated --packages chromium", "Include an additional package"),
    handler: async (given) => {
      const against = parseAgainst(given.against)
      await (against === "platforms"
        ? comparePlatforms(context, given)
        : compareInstallMethods(context, given, against))
    },
  }
}

async function comparePlatforms(context: CommandContext, given: Given): Promise<void> {
  refuse("platforms", { packages: given.packages, "update-allow-list": given.updateAllowList || undefined })
  const host = readRequest(given)
  assertComparable(host.request.platforms)
  const { runImageParity } = await import("../runs/parity.js")
  await runImageParity(context, host, { json: given.json, bareEngine: !given.noBareEngine })
}

async function compareInstallMethods(
  context: CommandContext,
  given: Given,
  against: ParityRequest["against"],
): Promise<void> {
  const { platforms, sources, base, assets, mirror, lock, snapshot } = given
  refuse(against, {
    platforms,
    sources,
    base,
    assets,
    mirror,
    lock,
    snapshot,
    sudo: given.sudo || undefined,
    root: given.root || undefined,
    "cjk-fonts": given.cjkFonts || undefined,
  })
  const definition = given.definition === undefined ? undefined : readDefinition(given.definition)
  const request: ParityRequest = {
    against,
    ...composeVariants({ variants: listOf(given.variants), definition }),
    packages: parsePackages(listOf(given.packages)),
    refresh: given.refresh,
  }
  const trusted = caBundle(given.caBundle)
  if (given.updateAllowList) requireWritable(ALLOW_LIST_FILE)
  const { runAllowListUpdate, runParity } = await import("../runs/parity.js")
  const run = { json: given.json, bareEngine: !given.noBareEngine, ...(trusted ? { caBundle: trusted } : {}) }
  await (given.updateAllowList ? runAllowListUpdate : runParity)(context, request, run)
}

/** Refuses options that have no meaning for a comparison, instead of ignoring them. */
function refuse(against: Against, options: Readonly<Record<string, unknown>>): void {
  const name = Object.keys(options).find((option) => options[option] !== undefined)
  if (name === undefined) return
  const other = AGAINST.find((word) => word !== against) ?? against
  throw new RunnerImagesError(
    "USAGE",
    `--${name} has no meaning with --against ${against}.`,
    `Leave it out, or use --against ${other}.`,
  )
}

/** Checked before minutes of emulation, not after. */
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
