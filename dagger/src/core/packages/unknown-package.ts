import { RunnerImagesError } from "../errors.js"
import type { PlatformName } from "../platforms.js"
import { closest } from "../suggest.js"

/** The most packages that a message names. */
const MOST_NAMED = 5

/** One character in this many may differ. The archive has a name that is close to nearly every short word. */
const CHARACTERS_PER_EDIT = 5

/**
 * The error for a package that the archive does not have, with the way out.
 *
 * @param archive the names of all packages that it has, by platform
 * @param providers the packages that have this name as an additional one
 * @returns RunnerImagesError PACKAGE_UNKNOWN
 */
export function unknownPackage(
  name: string,
  platform: PlatformName,
  archive: ReadonlyMap<PlatformName, readonly string[]>,
  providers: readonly string[],
): RunnerImagesError {
  return new RunnerImagesError(
    "PACKAGE_UNKNOWN",
    `The archive has no package "${name}" to install on ${platform}.`,
    remedy(name, platform, archive, providers),
  )
}

function remedy(
  name: string,
  platform: PlatformName,
  archive: ReadonlyMap<PlatformName, readonly string[]>,
  providers: readonly string[],
): string {
  if (providers.length > 0) return `Name a package that provides it: ${some(providers)}.`
  const elsewhere = [...archive].flatMap(([other, names]) =>
    other !== platform && names.includes(name) ? [other] : [],
  )
  if (elsewhere.length > 0)
    return `The archive has it for ${elsewhere.join(" and ")} only: leave it out, or build with --platforms ${elsewhere.join(",")}.`
  const meant = closest(name, archive.get(platform) ?? [], Math.floor(name.length / CHARACTERS_PER_EDIT))
  return meant === undefined
    ? "Look for its name with apt-cache search, or at packages.debian.org."
    : `Did you mean ${meant}?`
}

/**
 * The packages that provide a name, according to `apt-cache showpkg`.
 *
 * @example providersIn("Package: awk\nReverse Provides: \nmawk 1.3.4 (= )\ngawk:arm64 1:5.2 (= )\n") ⇒ ["mawk"]
 */
export function providersIn(showpkg: string): string[] {
  const [, list = ""] = showpkg.split(/^Reverse Provides:.*\n/m)
  const names = list.split("\n").flatMap((line) => /^([^\s:]+) /.exec(line)?.[1] ?? [])
  return [...new Set(names)].sort()
}

function some(names: readonly string[]): string {
  const more = names.length - MOST_NAMED
  return [...names.slice(0, MOST_NAMED), ...(more > 0 ? [`${String(more)} more`] : [])].join(", ")
}
