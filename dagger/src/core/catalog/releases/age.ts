import { compareVersions } from "compare-versions"
import { RunnerImagesError } from "../../errors.js"
import type { VendorRelease } from "../feeds/feed.js"
import { UNKNOWN } from "../schema.js"

/** GitHub sends no jobs to a runner that has not been updated within this many days of a newer release. */
export const GITHUB_RUNNER_DAYS = 30

const DAY = 86_400_000

/** How the pinned runner compares with those that GitHub has released since. */
export interface RunnerAge {
  /** `old`: a newer release has been out for too long. `warn`: it will be, or its age is unknown. */
  verdict: "young" | "warn" | "old"
  /** A sentence. */
  text: string
}

/**
 * Judges the pinned runner.
 *
 * @param releases what GitHub has released, or why that is unknown
 * @param days how long a newer release may have been out
 */
export function runnerAge(
  pinned: { version: string; released: string },
  releases: readonly Pick<VendorRelease, "version" | "released">[] | { unknown: string },
  now: Date,
  days = GITHUB_RUNNER_DAYS,
): RunnerAge {
  const own = `The pinned runner ${pinned.version} ${ageText(pinned.released, now)}`
  if ("unknown" in releases)
    return { verdict: "warn", text: `${own}; it is unknown whether there is a newer one: ${releases.unknown}.` }
  const newer = releases.filter(({ version }) => compareVersions(version, pinned.version) > 0)
  if (newer.length === 0) return { verdict: "young", text: `${own}; there is no newer one.` }
  const [first] = newer
    .filter(({ released }) => released !== UNKNOWN)
    .toSorted((a, b) => (a.released < b.released ? -1 : 1))
  if (!first)
    return { verdict: "warn", text: `${own}; ${String(newer[0]?.version)} is newer; its release date is unknown.` }
  const out = daysSince(first.released, now)
  const text = `${own}; ${first.version} has been out for ${dayCount(out)}; the limit is ${dayCount(days)}.`
  return { verdict: out >= days ? "old" : "warn", text }
}

/** The error for publishing a runner to which GitHub would soon send no jobs. */
export function runnerOld({ text }: RunnerAge): RunnerImagesError {
  return new RunnerImagesError(
    "RUNNER_OLD",
    text,
    "Run runner-images catalog update runner, build and test, then publish.",
  )
}

/** `is 12 days old`, or that its age is unknown. */
function ageText(released: string, now: Date): string {
  return released === UNKNOWN ? "is of unknown age" : `is ${dayCount(daysSince(released, now))} old`
}

function daysSince(day: string, now: Date): number {
  return Math.floor((now.getTime() - Date.parse(day)) / DAY)
}

function dayCount(days: number): string {
  return days === 1 ? "1 day" : `${String(days)} days`
}
