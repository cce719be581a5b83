import type { Lock } from "../packages/lock.js"
import { DEFAULT_BASE, type BaseName } from "../variants/bases.js"
import { parseChoice } from "../text/choice.js"
import type { CustomVariant, PackageOption } from "../variants/definitions.js"
import { COMPRESSIONS, type Compression } from "./compression.js"
import { SOURCE_KINDS, type RecordedRequest, type ToolSource } from "../report/report.js"
import type { Snapshot } from "../packages/snapshot.js"
import type { Mirror } from "../text/mirror.js"
import type { PlatformName } from "../platforms.js"
import type { RunnerMode } from "./runner.js"
import type { SourceCode } from "../text/source-code.js"
import type { VariantName } from "../variants/names.js"

/** Where tools come from, as requested: `auto` is decided for each tool, once per build, before planning. */
export const SOURCES = ["auto", ...SOURCE_KINDS] as const
export type SourcesMode = (typeof SOURCES)[number]

/** Sets of packages to install by themselves, without building an image. */
export interface PackageSetRequest {
  variants: VariantName[]
  /** The variant of a definition file. */
  custom?: CustomVariant
  /** Packages in addition to the variants'. */
  packages: string[]
  /** Fetch Release files now instead of once a day. */
  refresh: boolean
}

/** A validated build request. Both entry points create one and pass it to the pipeline. */
export interface BuildRequest {
  platforms: PlatformName[]
  variants: VariantName[]
  /** The variant of a definition file, which `variants` need not name. */
  custom?: CustomVariant
  /** The text of that file. */
  definition?: string
  sources: SourcesMode
  /** Defaults to `auto`. The other tools follow `sources`, whatever this is. */
  runner?: RunnerMode
  /** With `auto`: what an earlier build decided, by the tool's name. Vendors are not asked again. */
  decided?: Readonly<Record<string, ToolSource>>
  /** The base of the images; defaults to the first of `BASES`. */
  base?: BaseName
  /** Where upstream files are fetched from, instead of from their vendors. */
  mirror?: Mirror
  /** Passwordless sudo for the runner user. */
  sudo: boolean
  /** Containers start as root, as with some other runner images. The layers are the same. */
  root?: boolean
  /** Fonts for Chinese, Japanese and Korean in variants with a browser. */
  cjkFonts?: boolean
  /** The packages and the base image of an earlier build, to be reused; undefined for the newest. */
  lock?: Lock
  /** Where the lock's packages come from, if not from the archive as it is now. */
  snapshot?: Snapshot
  /** Defaults to `gzip`. */
  compression?: Compression
  /** Where the images' source code is, for their labels. */
  source?: SourceCode
  /** Refuse platforms that the engine emulates if it would have to skip checks on them. */
  native?: boolean
  /** Fetch Release files now instead of once a day. */
  refresh: boolean
}

/**
 * What a variant's report says of a request. See `recordedRequestSchema`.
 *
 * @param options those that concern the variant
 */
export function recorded(request: BuildRequest, options: readonly PackageOption[]): RecordedRequest {
  const { base = DEFAULT_BASE, compression = COMPRESSIONS[0], definition, source } = request
  return {
    base,
    compression,
    ...(options.includes("cjkFonts") ? { cjkFonts: true } : {}),
    ...(definition === undefined ? {} : { definition }),
    ...(source ? { source } : {}),
  }
}

/**
 * Parses the source of tools.
 *
 * @param given undefined means `auto`
 * @throws RunnerImagesError SOURCES_INVALID when it is not one of SOURCES
 */
export function parseSources(given: string | undefined): SourcesMode {
  return parseChoice(given, {
    option: "sources",
    words: SOURCES,
    code: "SOURCES_INVALID",
    noun: "a source of tools",
  })
}
