import { z } from "zod"
import { DEFAULT_BASE, type BaseName } from "../variants/bases.js"
import { RunnerImagesError } from "../errors.js"
import type { PlatformName } from "../platforms.js"
import { firstIssue, parseJson } from "../text/json.js"
import { PACKAGE_NAME } from "../text/package-name.js"
import type { ReleaseFile } from "./releases.js"
import {
  lockedPackageSchema,
  otherVersion,
  releaseFileSchema,
  reportSchema,
  type LockedPackage,
} from "../report/report.js"

/** The exact packages of one earlier build. */
export interface Lock {
  /** Digest of the base image's index. Absent if the lock does not name a base. */
  base?: string
  /** The variant that was built. The lock also applies to the variants that it extends; other variants may lack some of its packages. */
  variant?: string
  /** The archive's Release files at that time, which date the image. Absent if the lock does not name any. */
  releases?: ReleaseFile[]
  platforms: Partial<Record<PlatformName, LockedPackage[]>>
}

const lockSchema = z.object({
  variant: z.string().optional(),
  releases: z.array(releaseFileSchema).optional(),
  platforms: z.array(
    z.object({ platform: z.string(), base: z.string().optional(), packages: z.array(lockedPackageSchema) }),
  ),
})

/** By Debian's policy. Names and versions become lines of apt's preferences, and words of commands. */
const VERSION = /^[A-Za-z0-9.+:~-]+$/
/** Characters of a wrong one that the message has. */
const MOST_SHOWN = 100

/**
 * Parses a lock: the `report.json` of an earlier build, of which only the packages and the base image are used.
 *
 * @throws RunnerImagesError LOCK_INVALID when it is not JSON, does not match the schema, names what is no package, lacks one of
 *   the platforms, or has another base
 */
export function parseLock(text: string, platforms: readonly PlatformName[], base: BaseName = DEFAULT_BASE): Lock {
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError(
      "LOCK_INVALID",
      `The lock cannot be used: ${why}.`,
      "Give the report.json of an earlier build.",
      {
        cause,
      },
    )
  const json = parseJson(text, invalid)
  const known = reportSchema.safeParse(json)
  const parsed = known.success ? known : lockSchema.safeParse(json)
  // Reports of another schema version can be locks too, as long as they have what a lock needs. If not, that is probably why.
  if (!parsed.success) throw invalid(`${otherVersion(json)}${firstIssue(parsed.error)}`)
  const { variant, releases = [] } = parsed.data
  for (const { name, version } of parsed.data.platforms.flatMap(({ packages }) => packages))
    if (!PACKAGE_NAME.test(name) || !VERSION.test(version))
      throw invalid(`${JSON.stringify(`${name} ${version}`.slice(0, MOST_SHOWN))} is not a package and its version`)
  const lock: Lock = {
    ...(variant === undefined ? {} : { variant }),
    ...(releases.length === 0 ? {} : { releases }),
    platforms: {},
  }
  for (const platform of platforms) {
    const entry = parsed.data.platforms.find((candidate) => candidate.platform === platform)
    if (!entry) throw invalid(`it has no packages for ${platform}`)
    lock.platforms[platform] = entry.packages
    if (entry.base === undefined) continue
    const digest = baseDigest(entry.base, base)
    if (digest === undefined)
      throw invalid(`its base for ${platform} is ${entry.base}, but the images are to be built on ${base}`)
    if (lock.base !== undefined && lock.base !== digest) throw invalid("its platforms have different bases")
    lock.base = digest
  }
  return lock
}

/** @example baseDigest("docker.io/library/debian:trixie-slim@sha256:ab…", "debian:trixie-slim") ⇒ "sha256:ab…" */
function baseDigest(reference: string, base: BaseName): string | undefined {
  const [, name, digest] = /^(?:docker\.io\/library\/)?([^@]+)@(sha256:[0-9a-f]{64})$/.exec(reference) ?? []
  return name === base ? digest : undefined
}

/**
 * apt's preferences for a lock: exactly its versions, even if the archive has newer ones too, and nothing else.
 *
 * @see apt_preferences(5)
 */
export function preferencesOf(locked: readonly LockedPackage[]): string {
  const stanzas = locked.map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
  const others = [
    // What the base has in its version, which the lock does not name.
    "Package: *\nPin: release a=now\nPin-Priority: 990\n",
    "Package: *\nPin: release *\nPin-Priority: -1\n",
  ]
  return [...others, ...stanzas].join("\n")
}

/** Why an image cannot have exactly a lock's packages. */
export interface LockProblems {
  /** Of the lock, but not in the archive: as `NAME VERSION`. */
  gone: readonly string[]
  /** Needed by the image, but not in the lock. */
  unlocked: readonly string[]
}

/**
 * Compares what the archive offers with a lock.
 *
 * @param resolved all packages of a variant, including those of the variants that it extends
 * @param whole whether the variant is the lock's own: then no package of the lock may be missing
 * @throws RunnerImagesError LOCK_INVALID as {@link lockError}
 */
export function assertMatchesLock(
  platform: PlatformName,
  resolved: readonly LockedPackage[],
  locked: readonly LockedPackage[],
  whole = true,
): void {
  const offered = new Map(resolved.map((entry) => [entry.name, entry]))
  const wrong = locked.filter((entry) => {
    const now = offered.get(entry.name)
    return now ? now.version !== entry.version || now.sha256 !== entry.sha256 : whole
  })
  const problems = { gone: wrong.map(nameAndVersion), unlocked: unlockedOf(locked, resolved) }
  if (problems.gone.length + problems.unlocked.length > 0) throw lockError(platform, problems)
}

/** Names of the packages that an image needs and its lock does not have. */
export function unlockedOf(locked: readonly LockedPackage[], needed: readonly Pick<LockedPackage, "name">[]): string[] {
  const known = new Set(locked.map(({ name }) => name))
  return needed.map(({ name }) => name).filter((name) => !known.has(name))
}

/**
 * The packages of a lock that the archive does not have, as `NAME VERSION`.
 *
 * @param madison the output of `apt-cache madison`, with a line `NAME | VERSION | SOURCE` for each version that the archive has
 */
export function goneOf(locked: readonly LockedPackage[], madison: string): string[] {
  const offered = madison.split("\n").map((line) => line.split("|").map((field) => field.trim()))
  return locked
    .filter(({ name, version }) => !offered.some(([found, at]) => found === name && at === version))
    .map(nameAndVersion)
}

/** One problem at a time: a lock of something else lacks packages, and then it says nothing that some are gone. */
export function lockError(platform: PlatformName, { gone, unlocked }: LockProblems): RunnerImagesError {
  if (unlocked.length > 0)
    return new RunnerImagesError(
      "LOCK_INVALID",
      `The lock lacks packages that the image needs on ${platform}: ${listed(unlocked)}.`,
      "Give the report of a build with the same variant and options, or build without --lock.",
    )
  return new RunnerImagesError(
    "LOCK_INVALID",
    `The archive no longer offers these locked packages for ${platform}: ${listed(gone)}.`,
    "Take them from the archive as it was then with --snapshot distribution, or build without --lock to get the newest packages.",
  )
}

const MOST_NAMES = 10

/** @example listed(["a", …, "z"]) ⇒ "a, b, …, j and 16 more" */
function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMES
  if (more <= 0) return names.join(", ")
  return `${names.slice(0, MOST_NAMES).join(", ")} and ${String(more)} more`
}

function nameAndVersion({ name, version }: LockedPackage): string {
  return `${name} ${version}`
}
