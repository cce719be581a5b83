import { z } from "zod"
import { DEFAULT_BASE, type BaseName } from "../variants/bases.js"
import { RunnerImagesError } from "../errors.js"
import type { PlatformName } from "../platforms.js"
import { printable } from "../text/printable.js"
import { lockedPackageSchema, REPORT_SCHEMA_VERSION, reportSchema, type LockedPackage } from "../report/report.js"

/** The exact packages of one earlier build. */
export interface Lock {
  /** Digest of the base image's index. Absent in a lock that says nothing of the base. */
  base?: string
  /** Whose they are. A lock holds for the variants that this one extends as well, and says nothing of what others lack. */
  variant?: string
  platforms: Partial<Record<PlatformName, LockedPackage[]>>
}

const lockSchema = z.object({
  variant: z.string().optional(),
  platforms: z.array(
    z.object({ platform: z.string(), base: z.string().optional(), packages: z.array(lockedPackageSchema) }),
  ),
})

/**
 * Reads a lock: a `report.json` of an earlier build, of which the packages and the base image count.
 *
 * @throws RunnerImagesError LOCK_INVALID when it is not JSON, has another form, lacks one of the platforms, or is
 *   of another base
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
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw invalid("it is not JSON", cause)
  }
  const known = reportSchema.safeParse(json)
  const parsed = known.success ? known : lockSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(`${otherVersion(json)}${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "wrong form"}`)
  }
  const { variant } = parsed.data
  const lock: Lock = { ...(variant === undefined ? {} : { variant }), platforms: {} }
  for (const platform of platforms) {
    const entry = parsed.data.platforms.find((candidate) => candidate.platform === platform)
    if (!entry) throw invalid(`it has no packages for ${platform}`)
    lock.platforms[platform] = entry.packages
    if (entry.base === undefined) continue
    const digest = baseDigest(entry.base, base)
    if (digest === undefined)
      throw invalid(`its base for ${platform} is ${printable(entry.base)}, and images are to be built on ${base}`)
    if (lock.base !== undefined && lock.base !== digest) throw invalid("its platforms have different bases")
    lock.base = digest
  }
  return lock
}

/** Reports of another schema version can be locks as well, as long as they say what a lock needs. If not, this is probably why. */
function otherVersion(json: unknown): string {
  const { data } = z.object({ schemaVersion: z.number() }).safeParse(json)
  if (data === undefined || data.schemaVersion === REPORT_SCHEMA_VERSION) return ""
  return `it is a report of schema version ${data.schemaVersion}, and this program writes version ${REPORT_SCHEMA_VERSION}; `
}

/** @example baseDigest("docker.io/library/debian:trixie-slim@sha256:ab…", "debian:trixie-slim") ⇒ "sha256:ab…" */
function baseDigest(reference: string, base: BaseName): string | undefined {
  const [, name, digest] = /^(?:docker\.io\/library\/)?([^@]+)@(sha256:[0-9a-f]{64})$/.exec(reference) ?? []
  return name === base ? digest : undefined
}

/**
 * Compares what the archive offers with a lock.
 *
 * @param resolved all packages of a variant, those of the variants that it extends included
 * @param whole whether the variant is the lock's own: then nothing of the lock may be missing
 * @throws RunnerImagesError LOCK_INVALID naming every package that has vanished or has other bytes now
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
  const wanted = new Set(locked.map((entry) => entry.name))
  const extra = resolved.filter((entry) => !wanted.has(entry.name))
  if (wrong.length === 0 && extra.length === 0) return
  const names = [...wrong.map((e) => `${e.name} ${e.version}`), ...extra.map((e) => `${e.name} (not in the lock)`)]
  throw new RunnerImagesError(
    "LOCK_INVALID",
    `The archive no longer has these packages of the lock for ${platform}: ${names.join(", ")}.`,
    "Build without --lock for the newest packages, or point the base image at a snapshot of the archive.",
  )
}
