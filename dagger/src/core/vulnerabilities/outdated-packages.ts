import { compareDebianVersions } from "../packages/debian-version.js"
import type { OfferedPackage } from "../packages/security-index.js"
import type { PlatformReport } from "../report/report.js"
import type { Finding } from "./finding.js"

/**
 * Packages of an image of which the security archive has a newer version now, one finding for each source package and version.
 *
 * @param offered the security archive's newest packages, by name
 */
export function outdatedPackages(
  entry: Pick<PlatformReport, "installed" | "packages">,
  offered: ReadonlyMap<string, OfferedPackage>,
): Finding[] {
  const findings = new Map<string, Finding & { packages: string[] }>()
  for (const { name, version, source } of installedIn(entry)) {
    const newer = offered.get(name)
    if (!newer || compareDebianVersions(newer.version, version) <= 0) continue
    const sourceHas = source && source.version !== newer.source.version
    // Advisories name source packages and their versions, which a rebuild for one architecture does not change.
    const have = { name: newer.source.name, version: sourceHas ? source.version : version }
    const fixed = sourceHas ? newer.source.version : newer.version
    const key = `${have.name} ${have.version} ${fixed}`
    const known = findings.get(key)
    if (known) known.packages.push(name)
    else
      findings.set(key, {
        ...{ area: "distribution", name: have.name, version: have.version, packages: [name], fixed },
        ...{ ids: [], severity: "unknown" },
      })
  }
  return [...findings.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

interface Installed {
  name: string
  version: string
  source?: OfferedPackage["source"]
}

/** All that dpkg has, or at least what was installed on the base. */
function installedIn({ installed, packages }: Pick<PlatformReport, "installed" | "packages">): readonly Installed[] {
  return installed?.packages ?? packages
}
