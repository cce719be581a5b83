import { nativeOnlyChecks } from "../dagger/src/core/checks/native-only.js"
import { parsePlatformDifferences } from "../dagger/src/core/parity/platform-differences.js"
import { planVariant } from "../dagger/src/core/plan/plan.js"
import { PLATFORMS, spelling, type PlatformName, type PlatformSpelling } from "../dagger/src/core/platforms.js"
import type { BuildRequest } from "../dagger/src/core/request/request.js"
import { table } from "../dagger/src/core/text/markdown.js"
import { VARIANTS } from "../dagger/src/core/variants/names.js"

const ROWS: readonly [what: string, of: (platform: PlatformSpelling) => string][] = [
  ["`uname -m`", ({ uname }) => `\`${uname}\``],
  ["label of the runner, in workflows", ({ vendor }) => `\`${vendor.toUpperCase()}\``],
  ["files of the Actions runner and Node.js", ({ vendor }) => `\`linux-${vendor}\``],
  ["files of Docker's static programs", ({ gnu }) => `\`${gnu}\``],
  ["files of Go, buildx and GitHub CLI", ({ arch }) => `\`linux-${arch}\``],
  ["folder of Chrome for Testing", ({ chromeForTesting }) => `\`${chromeForTesting}\``],
  ["libraries of the distribution", ({ triplet }) => `\`/usr/lib/${triplet}\``],
  ["Ubuntu's package archive", ({ ubuntuArchive }) => `<${ubuntuArchive}>`],
  ["Go's race detector", ({ raceDetector }) => (raceDetector ? "yes" : "no")],
]

/**
 * What is spelled or works otherwise on each platform, as tables.
 *
 * @param allowed the text of dagger/src/core/parity/platform-differences.json
 */
export function architectureTables(allowed: string): { spellings: string; differences: string; checks: string } {
  const rows = ROWS.map(([what, of]) => [what, ...PLATFORMS.map((platform) => of(spelling(platform)))])
  const differences = parsePlatformDifferences(allowed).map(({ name, reason }) => [`\`${name}\``, reason])
  return {
    spellings: table(["", ...PLATFORMS], rows),
    differences: table(["What", "Why"], differences),
    checks: table(["Check", "Emulated platform", "Why", "Variants"], skippedChecks()),
  }
}

/** The checks that emulation does not allow, of all variants, whichever platform is the engine's. */
function skippedChecks(): string[][] {
  const skipped = new Map<
    string,
    { name: string; reason: string; platforms: Set<PlatformName>; variants: Set<string> }
  >()
  for (const engine of PLATFORMS)
    for (const variant of VARIANTS)
      for (const { name, platform, reason } of nativeOnlyChecks(planned(variant), engine)) {
        const found = skipped.get(`${name} ${reason}`) ?? { name, reason, platforms: new Set(), variants: new Set() }
        skipped.set(`${name} ${reason}`, found)
        found.platforms.add(platform)
        found.variants.add(`\`${variant}\``)
      }
  return [...skipped.values()].map(({ name, reason, platforms, variants }) => [
    `\`${name}\``,
    [...platforms].join(", "),
    reason,
    [...variants].join(", "),
  ])
}

function planned(variant: (typeof VARIANTS)[number]) {
  const request: BuildRequest = {
    platforms: [...PLATFORMS],
    variants: [variant],
    sources: "registry",
    sudo: false,
    refresh: false,
  }
  return planVariant(variant, request, { mode: "registry", reason: "" })
}
