import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { PLATFORMS, spelling, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { archiveOptions } from "./archive.js"
import { mmdebstrap, quote } from "./mmdebstrap.js"
import { SUITE } from "../state/version.js"

/** The distribution's package archive at one moment. */
export interface PackageArchive {
  /** mmdebstrap's options for a root that is made from it, without another look at the archive. */
  options: string[]
  /** Lines of sources.list. */
  sources: string[]
  /** The date of its newest Release file, in whole seconds. */
  date: Date
}

/**
 * Reads the signed package lists of all platforms once: an update takes as long as unpacking a small root, and everything that one
 * run makes is of the same moment.
 */
export async function readPackageArchive(work: string, host: PlatformName): Promise<PackageArchive> {
  const { options, sources } = await archiveOptions()
  const lists = join(work, "package-lists")
  mkdirSync(lists, { recursive: true })
  const architectures = [host, ...PLATFORMS.filter((platform) => platform !== host)].map(
    (platform) => spelling(platform).debian,
  )
  await mmdebstrap(
    [
      "--variant=custom",
      "--format=null",
      `--architectures=${architectures.join(",")}`,
      ...options,
      `--customize-hook=cp "$1"/var/lib/apt/lists/*_* ${quote(lists)}`,
      SUITE,
      "-",
      ...sources,
    ],
    work,
  )
  const releases = readdirSync(lists).filter((name) => name.endsWith("Release"))
  return {
    options: [...options, "--skip=update", `--setup-hook=cp ${quote(lists)}/* "$1"/var/lib/apt/lists/`],
    sources,
    date: newestDate(releases.map((name) => readFileSync(join(lists, name), "utf8")).join("\n")),
  }
}

/** @example newestDate("Date: Sat, 21 Nov 2026 09:15:44 UTC") ⇒ that moment */
export function newestDate(dateLines: string): Date {
  const times = dateLines
    .split("\n")
    .flatMap((line) => /^Date:\s*(.+)$/.exec(line)?.[1] ?? [])
    .map((date) => Date.parse(date))
    .filter((time) => !Number.isNaN(time))
  if (times.length === 0) throw new Error(`the archive's Release files of ${SUITE} have no date`)
  return new Date(Math.max(...times))
}
