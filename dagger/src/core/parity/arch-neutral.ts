import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"

/** The placeholder for a platform's name. */
const ANY = "ARCH"

/** What to replace, as the source of a regular expression, and the replacement. The order matters. */
export type Replacement = readonly [pattern: string, by: string]

/**
 * How to remove a platform's own spellings from text, so that two platforms' names of the same thing are equal. Only whole words
 * are replaced. Other platforms' spellings stay.
 */
export function replacements(platform: PlatformName): Replacement[] {
  const { aliases, arch, debian, uname, vendor, gnu, chromeForTesting } = spelling(platform)
  const [system = ""] = platform.split("/")
  const words = new Map([
    ...aliases.map((alias): [string, string] => [alias, `${system}/${ANY}`]),
    // Debian's package names have no underscores.
    ...[arch, debian, uname, vendor, gnu, gnu.replaceAll("_", "-")].map((word): [string, string] => [word, ANY]),
    [chromeForTesting, `${system}-${ANY}`],
  ])
  // Longer ones first, because they may contain shorter ones.
  return [...words]
    .sort(([one], [other]) => other.length - one.length)
    .map(([word, by]) => [`(?<![A-Za-z0-9])${word}(?![A-Za-z0-9])`, by])
}

const PATTERNS = new Map(
  PLATFORMS.map((platform) => [
    platform,
    replacements(platform).map(([pattern, by]) => [new RegExp(pattern, "g"), by] as const),
  ]),
)

/**
 * Text without a platform's own spellings.
 *
 * @example archNeutral("gcc-14-aarch64-linux-gnu", …) ⇒ "gcc-14-ARCH-linux-gnu"
 */
export function archNeutral(text: string, platform: PlatformName): string {
  return (PATTERNS.get(platform) ?? []).reduce((left, [pattern, by]) => left.replace(pattern, by), text)
}

/** A platform's names, with and without its spellings. */
export function withArchNeutral(names: Iterable<string>, platform: PlatformName): Set<string> {
  return new Set([...names].flatMap((name) => [name, archNeutral(name, platform)]))
}

/**
 * The names under which things of several platforms are compared: a name that every platform has is kept, any other loses the
 * platform's spellings, unless two names of one platform would then be equal.
 *
 * @param names the names on each platform
 * @returns for each platform, every name with the one under which it is compared
 */
export function commonNames(
  names: ReadonlyMap<PlatformName, ReadonlySet<string>>,
): Map<PlatformName, Map<string, string>> {
  const everywhere = (name: string) => [...names.values()].every((own) => own.has(name))
  return new Map(
    [...names].map(([platform, own]) => {
      const archNeutralTexts = new Map(
        [...own].map((name) => [name, everywhere(name) ? name : archNeutral(name, platform)]),
      )
      const counts = new Map<string, number>()
      for (const name of archNeutralTexts.values()) counts.set(name, (counts.get(name) ?? 0) + 1)
      return [
        platform,
        new Map([...archNeutralTexts].map(([name, common]) => [name, counts.get(common) === 1 ? common : name])),
      ]
    }),
  )
}
