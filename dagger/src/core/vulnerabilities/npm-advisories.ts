import { satisfies, valid } from "semver"
import { z } from "zod"
import { firstIssue, parseJson } from "../text/json.js"
import type { InstalledSoftware } from "../report/report.js"
import { SEVERITIES, type Finding } from "./finding.js"

type NpmPackages = InstalledSoftware["npm"]

/** The path of the registry's endpoint that `npm audit` asks. Not every registry has it. */
export const BULK_ADVISORIES = "-/npm/v1/security/advisories/bulk"

/**
 * What the endpoint is asked: the versions of each package. Folders without a version that npm knows cannot be looked up.
 *
 * @example advisoryQuestion([{ name: "semver", version: "7.7.0", path: "/a" }, { name: "semver", version: "5.0.0", path: "/b" }]) ⇒ { semver: ["5.0.0", "7.7.0"] }
 */
export function advisoryQuestion(packages: NpmPackages): Record<string, string[]> {
  const versions = new Map<string, Set<string>>()
  for (const { name, version } of packages) {
    if (name === "" || valid(version) === null) continue
    versions.set(name, (versions.get(name) ?? new Set()).add(version))
  }
  const sorted = [...versions].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, all]) => [name, [...all].sort()]))
}

const advisorySchema = z.object({
  id: z.union([z.number(), z.string()]),
  url: z.string().optional(),
  title: z.string().optional(),
  severity: z.string().optional(),
  vulnerable_versions: z.string(),
})
const answerSchema = z.record(z.string(), z.array(advisorySchema))
/** By the package's name. */
export type Advisories = z.infer<typeof answerSchema>

/**
 * Parses the endpoint's answer.
 *
 * @throws Error when it is something else
 */
export function parseAdvisories(text: string): Advisories {
  const invalid = (why: string) => new Error(`its answer is not a list of advisories: ${why}`)
  const parsed = answerSchema.safeParse(parseJson(text, invalid))
  if (!parsed.success) throw invalid(firstIssue(parsed.error))
  return parsed.data
}

/** The advisories that are about the versions in an image. */
export function npmFindings(packages: NpmPackages, advisories: Advisories): Finding[] {
  const findings = new Map<string, Finding & { paths: string[] }>()
  for (const { name, version, path } of packages)
    for (const advisory of Object.hasOwn(advisories, name) ? (advisories[name] ?? []) : []) {
      // As npm compares: a pre-release is affected too.
      if (!satisfies(version, advisory.vulnerable_versions, { includePrerelease: true, loose: true })) continue
      const key = `${name} ${version} ${String(advisory.id)}`
      const known = findings.get(key)
      if (known) known.paths.push(path)
      else findings.set(key, { ...findingOf(advisory), name, version, paths: [path] })
    }
  return [...findings.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function findingOf({ id, url, title, severity, vulnerable_versions: affected }: z.infer<typeof advisorySchema>) {
  const name = /\bGHSA(?:-[0-9a-z]{4}){3}\b/.exec(url ?? "")?.[0]
  return {
    ...{ area: "npm" as const, affected, ids: [name ?? `npm-${String(id)}`] },
    severity: SEVERITIES.find((word) => word === severity) ?? ("unknown" as const),
    ...(title === undefined ? {} : { title }),
    ...(url === undefined ? {} : { url }),
  }
}
