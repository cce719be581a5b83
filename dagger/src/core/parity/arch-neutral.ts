import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"

/** What stands where a platform's name was. */
const ANY = "ARCH"

/** What to replace, as the source of a regular expression, and what by. The order counts. */
export type Replacement = readonly [pattern: string, by: string]

/**
 * How a platform's own spellings are taken out of text, so that two platforms' names of the same thing are equal. A spelling counts
 * as a word of its own only, not within another word. Other platforms' spellings stay.
 */
export function replacements(platform: PlatformName): Replacement[] {
  const { aliases, arch, debian, uname, vendor, gnu, chromeForTesting } = spelling(platform)
  const [system = ""] = platform.split("/")
  const words = new Map([
    ...aliases.map((alias): [string, string] => [alias, `${system}/${ANY}`]),
    // Names of Debian's packages have no underscores.
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
 * Text with a platform's own spellings taken out.
 *
 * @example archNeutral("gcc-14-aarch64-linux-gnu", …) ⇒ "gcc-14-ARCH-linux-gnu"
 */
export function archNeutral(text: string, platform: PlatformName): string {
  return (PATTERNS.get(platform) ?? []).reduce((left, [pattern, by]) => left.replace(pattern, by), text)
}

/** Names as a platform has them, and as they are without its spellings. */
export function withArchNeutral(names: Iterable<string>, platform: PlatformName): Set<string> {
  return new Set([...names].flatMap((name) => [name, archNeutral(name, platform)]))
}

/**
 * Names under which the same things of several platforms meet: a name that every platform has stands for itself, any other is
 * compared without the platform's spellings, unless two of one platform would then be called the same.
 *
 * @param names what each platform has
 * @returns for each platform, every name with the one that it is compared under
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
