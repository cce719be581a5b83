import type { Lock } from "../packages/lock.js"
import type { BaseName } from "../variants/bases.js"
import { parseChoice } from "../text/choice.js"
import type { CustomVariant } from "../variants/definitions.js"
import type { Compression } from "./compression.js"
import type { Mirror } from "../text/mirror.js"
import type { PlatformName } from "../platforms.js"
import type { SourceCode } from "../text/source-code.js"
import type { VariantName } from "../variants/names.js"

/** Where tools come from, as asked: `auto` is decided once per build, before the plan. */
export const SOURCES = ["auto", "upstream", "registry"] as const
export type SourcesMode = (typeof SOURCES)[number]

/** Sets of packages to install for their own sake, without an image around them. */
export interface PackageSetRequest {
  variants: VariantName[]
  /** The variant of a definition file. */
  custom?: CustomVariant
  /** Further packages, beside the variants'. */
  packages: string[]
  /** Ask for Release files now instead of once a day. */
  refresh: boolean
}

/** What a user asked to be built, after validation. Both entry points make one of these and hand it to the pipeline. */
export interface BuildRequest {
  platforms: PlatformName[]
  variants: VariantName[]
  /** The variant of a definition file, which `variants` need not name. */
  custom?: CustomVariant
  sources: SourcesMode
  /** What the images are built on; the first of `BASES` when left out. */
  base?: BaseName
  /** Where upstream files are fetched from instead of their vendors. */
  mirror?: Mirror
  /** Passwordless sudo for the runner user. */
  sudo: boolean
  /** Containers start as root, as those of some other images do. The layers are the same. */
  root?: boolean
  /** Fonts for Chinese, Japanese and Korean in variants with a browser. */
  cjkFonts?: boolean
  /** The packages and the base image of an earlier build, to be used again; undefined for the newest. */
  lock?: Lock
  /** `gzip` when left out. */
  compression?: Compression
  /** Where the images' source code is, for their labels. */
  source?: SourceCode
  /** Refuse platforms on which the engine would have to skip checks, because it emulates them. */
  native?: boolean
  /** Ask for Release files now instead of once a day. */
  refresh: boolean
}

/**
 * Reads where tools are to come from.
 *
 * @param given undefined means `auto`
 * @throws RunnerImagesError SOURCES_INVALID when it is not one of SOURCES
 */
export function parseSources(given: string | undefined): SourcesMode {
  return parseChoice(given, {
    option: "sources",
    words: SOURCES,
    code: "SOURCES_INVALID",
    noun: "a place that tools come from",
  })
}
