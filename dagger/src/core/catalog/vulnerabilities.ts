import { compareVersions } from "compare-versions"
import type { ToolName } from "./tools.js"

/** A vulnerability of the catalog's tools that is known to this project. */
export interface Vulnerability {
  /** In the CVE list: https://www.cve.org/CVERecord?id=… */
  id: string
  tool: ToolName
  /** The first version of each supported line that has the fix, in ascending order. A line is a version's first two numbers. */
  fixed: readonly [string, ...string[]]
}

/**
 * Why a pinned version should be replaced. Distributions fix vulnerabilities without new versions, so this is not about their packages.
 * Not complete: the catalog has no scanner's database. An entry can go when no pin can fall back behind its fixes.
 */
export const VULNERABILITIES: readonly Vulnerability[] = [
  // GitLab Runner took 1.26.10 for it (gitlab-org/gitlab-runner!7681), and scanners find it in programs built with 1.27.2.
  { id: "CVE-2026-111943", tool: "go", fixed: ["1.26.10", "1.27.3"] },
]

/**
 * The known vulnerabilities of a tool's version.
 *
 * @param all those that are known
 */
export function vulnerabilitiesOf(
  tool: string,
  version: string,
  all: readonly Vulnerability[] = VULNERABILITIES,
): Vulnerability[] {
  return all.filter((known) => known.tool === tool && isAffected(version, known.fixed))
}

/** A line without a fix of its own is affected until a newer line has one. */
function isAffected(version: string, fixed: Vulnerability["fixed"]): boolean {
  const first = fixed.find((other) => lineOf(other) === lineOf(version)) ?? fixed.at(-1) ?? fixed[0]
  return compareVersions(version, first) < 0
}

/** @example lineOf("1.27.3") ⇒ "1.27" */
function lineOf(version: string): string {
  return version.split(".").slice(0, 2).join(".")
}

/**
 * A warning about a tool's version; undefined if it has no known vulnerability.
 *
 * @example vulnerabilityText({ tool: "go", title: "Go", version: "1.27.2" }) ⇒ "Go 1.27.2 has a known vulnerability: CVE-2026-111943, fixed in 1.26.10 and 1.27.3"
 */
export function vulnerabilityText(pin: { tool: string; title: string; version: string }): string | undefined {
  const found = vulnerabilitiesOf(pin.tool, pin.version)
  if (found.length === 0) return undefined
  const each = found.map(({ id, fixed }) => `${id}, fixed in ${fixed.join(" and ")}`)
  const what = found.length === 1 ? "a known vulnerability" : "known vulnerabilities"
  return `${pin.title} ${pin.version} has ${what}: ${each.join("; ")}`
}
