import { RunnerImagesError } from "../errors.js"
import { compareDebianVersions } from "./debian-version.js"
import { sourceOf, type SourcePackage } from "./source-package.js"

/** What a suite's signed Release file says. */
export interface SuiteRelease {
  /** ISO 8601. */
  date: string
  /** ISO 8601: a Release file that is older than that may be an old one that somebody serves again. Ubuntu's do not say. */
  validUntil?: string
  /** The indices of the suite by their paths below its folder. */
  files: ReadonlyMap<string, ReleasedFile>
  /** Indices can also be had by their checksums, so that none is replaced between two requests. */
  byHash: boolean
}

export interface ReleasedFile {
  sha256: string
  /** Bytes. */
  size: number
}

/**
 * Parses the text of a Release file, whose signature was verified.
 *
 * @param from its URL, for messages
 * @throws RunnerImagesError ARCHIVE_INVALID when it lacks a date or checksums
 */
export function parseSuiteRelease(text: string, from: string): SuiteRelease {
  const lines = text.split(/\r?\n/)
  const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
  const date = isoDate(field("Date"))
  if (date === undefined) throw archiveInvalid(from, "it has no date")
  const given = field("Valid-Until")
  const validUntil = isoDate(given)
  if (given !== undefined && validUntil === undefined) throw archiveInvalid(from, "its Valid-Until is not a date")
  const start = lines.indexOf("SHA256:")
  if (start < 0) throw archiveInvalid(from, "it has no SHA-256 checksums")
  const files = new Map<string, ReleasedFile>()
  for (const line of lines.slice(start + 1)) {
    const [, sha256, size, path] = /^ ([0-9a-f]{64}) +(\d+) (\S+)$/.exec(line) ?? []
    if (sha256 === undefined || size === undefined || path === undefined) break
    files.set(path, { sha256, size: Number(size) })
  }
  const byHash = field("Acquire-By-Hash") === "yes"
  return { date, files, byHash, ...(validUntil === undefined ? {} : { validUntil }) }
}

function isoDate(text: string | undefined): string | undefined {
  const time = Date.parse(text ?? "")
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/\.\d+Z$/, "Z")
}

/** A package as a suite's index has it. */
export interface OfferedPackage {
  name: string
  version: string
  /** Debian's name, or `all`. */
  architecture: string
  source: SourcePackage
}

/**
 * The packages of an index, the newest version of each.
 *
 * @param texts of the files named `Packages`, one for each component
 * @returns by name
 */
export function newestOffered(texts: readonly string[]): Map<string, OfferedPackage> {
  const newest = new Map<string, OfferedPackage>()
  for (const stanza of texts.flatMap((text) => text.split(/\n{2,}/))) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(stanza)?.[1]
    const [name, version] = [field("Package"), field("Version")]
    if (name === undefined || version === undefined) continue
    const known = newest.get(name)
    if (known && compareDebianVersions(known.version, version) >= 0) continue
    newest.set(name, {
      ...{ name, version, architecture: field("Architecture") ?? "all" },
      source: sourceOf({ name, version }, field("Source")),
    })
  }
  return newest
}

export function archiveInvalid(from: string, why: string): RunnerImagesError {
  return new RunnerImagesError(
    "ARCHIVE_INVALID",
    `${from} cannot be used: ${why}.`,
    "Try again later. If it stays so, somebody between here and the archive may be changing its files.",
  )
}
