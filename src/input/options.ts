import type { Options } from "yargs"
import { BASES, DEFAULT_BASE } from "../../dagger/src/core/variants/bases.js"
import { ROWS } from "../../dagger/src/core/bench/bench.js"
import { DISTRIBUTION } from "../../dagger/src/core/packages/snapshot.js"
import { AGAINST } from "../../dagger/src/core/parity/emulation-parity.js"
import { PLATFORMS } from "../../dagger/src/core/platforms.js"
import { COMPRESSIONS } from "../../dagger/src/core/request/compression.js"
import { RUNNERS } from "../../dagger/src/core/request/runner.js"
import { SOURCES } from "../../dagger/src/core/request/request.js"
import { VARIANTS } from "../../dagger/src/core/variants/names.js"

/**
 * The options that commands share. Values are validated by our own code, not by yargs, so that every message names the
 * value, the reason and the remedy, and both entry points say the same.
 */

/** For every command that prints an answer. */
export const answerOptions = {
  json: {
    type: "boolean",
    default: false,
    describe: "Print the result as JSON on standard output, and errors as JSON on standard error",
    group: "Output:",
  },
} as const satisfies Record<string, Options>

/** For every command that needs an engine. */
export const engineOptions = {
  "no-bare-engine": {
    type: "boolean",
    default: false,
    describe: "Use only a running engine, Docker or podman; change nothing on this host",
    group: "Engine:",
  },
} as const satisfies Record<string, Options>

/** For every command whose layers are kept. */
export const layerOptions = {
  compression: {
    type: "string",
    requiresArg: true,
    describe: `Layer compression: gzip, which everything reads; zstd, smaller and faster, for newer readers; or estargz, gzip from which lazy snapshotters start containers before the image is pulled [default: ${COMPRESSIONS[0]}]`,
    group: "Output:",
  },
} as const satisfies Record<string, Options>

/** What is to be built. */
export const requestOptions = {
  platforms: {
    type: "string",
    array: true,
    describe: `Platforms, comma-separated or repeated [default: ${PLATFORMS.join(",")}]`,
    group: "What to build:",
  },
  variants: {
    type: "string",
    array: true,
    describe: `Variants, comma-separated or repeated: ${VARIANTS.join(", ")} or all [default: ${VARIANTS[0]}]`,
    group: "What to build:",
  },
  definition: {
    type: "string",
    requiresArg: true,
    describe: "YAML file with a custom variant, built unless --variants says otherwise: docs/VARIANTS.md",
    group: "What to build:",
  },
  base: {
    type: "string",
    requiresArg: true,
    describe: `Base image: ${BASES.join(", ")} [default: ${DEFAULT_BASE}]`,
    group: "What to build:",
  },
  sources: {
    type: "string",
    requiresArg: true,
    describe: `Where tools come from: upstream, registry, or auto, which decides for each tool; --runner decides about the runner [default: ${SOURCES[0]}]`,
    group: "What to build:",
  },
  runner: {
    type: "string",
    requiresArg: true,
    describe: `Runner: official, which is GitHub's; act, which is github-act-runner, with "-act" added to published tags; or auto, the first if it can be had, else the second [default: ${RUNNERS[0]}]`,
    group: "What to build:",
  },
  assets: {
    type: "string",
    requiresArg: true,
    describe: "Folder with upstream files, which are used by file name instead of downloads",
    group: "What to build:",
  },
  mirror: {
    type: "string",
    requiresArg: true,
    describe: "Download the vendors' files from this URL instead, as URL/HOST/PATH",
    group: "What to build:",
  },
  lock: {
    type: "string",
    requiresArg: true,
    describe: "A report.json: install exactly its packages on its base image",
    group: "What to build:",
  },
  snapshot: {
    type: "string",
    requiresArg: true,
    describe: `With --lock: take packages from the archive as it was then: ${DISTRIBUTION}, or the URL of a service like its snapshots`,
    group: "What to build:",
  },
  refresh: {
    type: "boolean",
    default: false,
    describe: "Query the package archive now instead of once a day",
    group: "What to build:",
  },
  sudo: {
    type: "boolean",
    default: false,
    describe: "Give the runner user sudo without a password; published tags then end in -sudo",
    group: "What to build:",
  },
  root: {
    type: "boolean",
    default: false,
    describe: "Start containers as root, as some other images do; published tags then end in -root",
    group: "What to build:",
  },
  "cjk-fonts": {
    type: "boolean",
    default: false,
    describe: "Add fonts for Chinese, Japanese and Korean to variants with a browser",
    group: "What to build:",
  },
  native: {
    type: "boolean",
    default: false,
    describe: "Fail early if emulation would cause any check to be skipped",
    group: "What to build:",
  },
  "ca-bundle": {
    type: "string",
    requiresArg: true,
    describe: "PEM file with the certificate authorities that downloads trust [default: this host's]",
    group: "What to build:",
  },
} as const satisfies Record<string, Options>

/** What is to be compared. */
export const parityOptions = {
  against: {
    type: "string",
    requiresArg: true,
    describe: `Compare the platforms' images with each other (${AGAINST[0]}), or native with emulated installation (${AGAINST[1]}) [default: ${AGAINST[0]}]`,
    group: "What to compare:",
  },
  packages: {
    type: "string",
    array: true,
    describe: `With --against ${AGAINST[1]}: packages to install in addition to the variants', comma-separated or repeated`,
    group: "What to compare:",
  },
  "update-allow-list": {
    type: "boolean",
    default: false,
    describe: `With --against ${AGAINST[1]}: compare two emulated installations instead, and allow the differences found from now on`,
    group: "What to compare:",
  },
} as const satisfies Record<string, Options>

/** How vendors are queried for their releases. */
export const catalogOptions = {
  "max-age": {
    type: "string",
    requiresArg: true,
    describe: "Ask GitHub for newer runners, and fail if one has been out for this many days",
    group: "What to check:",
  },
  mirror: {
    type: "string",
    requiresArg: true,
    describe: "Send requests for vendors to this URL instead, as URL/HOST/PATH; npm and go use their own configuration",
    group: "Network:",
  },
} as const satisfies Record<string, Options>

/** What is to be measured. */
export const benchOptions = {
  rows: {
    type: "string",
    array: true,
    describe: `What to measure, comma-separated or repeated: ${Object.keys(ROWS).join(", ")} [default: all]`,
    group: "What to measure:",
  },
  rounds: {
    type: "string",
    requiresArg: true,
    describe: "Number of rounds; each measures every row once [default: 5]",
    group: "What to measure:",
  },
  packages: {
    type: "string",
    array: true,
    describe: "Packages to install in addition to the variants', comma-separated or repeated; not added to images",
    group: "What to measure:",
  },
  repository: {
    type: "string",
    requiresArg: true,
    describe: "Also push the built images, below this repository: host[:port]/path, without a password",
    group: "What to measure:",
  },
} as const satisfies Record<string, Options>

/**
 * One list from values that are comma-separated, repeated, or both.
 *
 * @example listOf(["a,b", "c"]) ⇒ ["a", "b", "c"]
 */
export function listOf(given: readonly string[] | undefined): string[] | undefined {
  return given?.flatMap((value) => value.split(","))
}
