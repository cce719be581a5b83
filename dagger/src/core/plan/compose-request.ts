import { parseLock } from "../packages/lock.js"
import { parseSnapshot } from "../packages/snapshot.js"
import { parsePlatforms } from "../platforms.js"
import { parseCompression } from "../request/compression.js"
import { parseSources, type BuildRequest } from "../request/request.js"
import { parseRunner } from "../request/runner.js"
import { parseMirror } from "../text/mirror.js"
import { parseSourceCode } from "../text/source-code.js"
import { parseBase } from "../variants/bases.js"
import { parseCustomVariant } from "../variants/custom/custom-variant.js"
import type { CustomVariant } from "../variants/definitions.js"
import { parseVariants } from "../variants/names.js"
import { assertPlannable } from "./plan.js"

/** A definition file that an entry point has read. */
export interface DefinitionFile {
  text: string
  /** As the user wrote it, for messages. */
  name: string
}

/** A build as the user wrote it. Each entry point creates one from its own arguments and files. */
export interface GivenBuild {
  platforms?: readonly string[] | undefined
  variants?: readonly string[] | undefined
  definition?: DefinitionFile | undefined
  sources?: string | undefined
  runner?: string | undefined
  /** See {@link BuildRequest.decided}. */
  decided?: BuildRequest["decided"]
  base?: string | undefined
  mirror?: string | undefined
  compression?: string | undefined
  /** The text of an earlier build's report.json. */
  lock?: string | undefined
  /** Where the lock's packages come from: "distribution", or a URL. */
  snapshot?: string | undefined
  source?: Parameters<typeof parseSourceCode>[0] | undefined
  sudo: boolean
  root: boolean
  cjkFonts: boolean
  native?: boolean | undefined
  refresh: boolean
}

/**
 * Validates everything about a build that can be known before any work.
 *
 * @throws RunnerImagesError for the first error found: USAGE, PLATFORM_INVALID, VARIANT_INVALID, DEFINITION_INVALID, SOURCES_INVALID,
 *   RUNNER_INVALID, BASE_INVALID, COMPRESSION_INVALID, MIRROR_INVALID, LOCK_INVALID or SNAPSHOT_INVALID
 */
export function composeRequest(given: GivenBuild): BuildRequest {
  const platforms = parsePlatforms(given.platforms)
  const base = parseBase(given.base)
  const lock = given.lock === undefined ? undefined : parseLock(given.lock, platforms, base)
  const request: BuildRequest = {
    platforms,
    ...composeVariants(given),
    ...(given.definition === undefined ? {} : { definition: given.definition.text }),
    sources: parseSources(given.sources),
    runner: parseRunner(given.runner),
    base,
    sudo: given.sudo,
    root: given.root,
    cjkFonts: given.cjkFonts,
    refresh: given.refresh,
    native: given.native ?? false,
    compression: parseCompression(given.compression),
    ...(given.decided === undefined ? {} : { decided: given.decided }),
    ...(given.mirror === undefined ? {} : { mirror: parseMirror(given.mirror) }),
    ...(lock === undefined ? {} : { lock }),
    ...(given.snapshot === undefined ? {} : { snapshot: parseSnapshot(given.snapshot, base, lock) }),
    ...(given.source === undefined ? {} : { source: parseSourceCode(given.source) }),
  }
  assertPlannable(request)
  return request
}

/**
 * The requested variants, and the one of the definition file, which is the default.
 *
 * @throws RunnerImagesError VARIANT_INVALID or DEFINITION_INVALID
 */
export function composeVariants({
  variants,
  definition,
}: Pick<GivenBuild, "variants" | "definition">): Pick<BuildRequest, "variants"> & { custom?: CustomVariant } {
  const custom = definition && parseCustomVariant(definition.text, definition.name)
  return { variants: parseVariants(variants, custom?.name), ...(custom ? { custom } : {}) }
}
