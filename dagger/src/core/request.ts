import { RunnerImagesError } from "./errors.js"
import type { PlatformName } from "./platforms.js"
import { closest } from "./suggest.js"
import type { VariantName } from "./variants.js"

/** Where tools come from, as asked: `auto` is decided once per build, before the plan. */
export const SOURCES = ["auto", "upstream", "registry"] as const
export type SourcesMode = (typeof SOURCES)[number]

/** What a user asked to be built, after validation. Both doors make one of these and hand it to the pipeline. */
export interface BuildRequest {
  platforms: PlatformName[]
  variants: VariantName[]
  sources: SourcesMode
  /** Passwordless sudo for the runner user. */
  sudo: boolean
  /** Text of a `report.json` or lock file to replay, or undefined for the newest packages. */
  lock?: string
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
  if (given === undefined) return "auto"
  const wanted = given.trim().toLowerCase()
  const found = SOURCES.find((mode) => mode === wanted)
  if (found) return found
  const meant = closest(wanted, SOURCES)
  throw new RunnerImagesError(
    "SOURCES_INVALID",
    wanted === "" ? "--sources is empty." : `"${given}" is not a place that tools come from.`,
    meant && wanted !== "" ? `Did you mean ${meant}?` : `Choose from ${SOURCES.join(", ")}.`,
  )
}
