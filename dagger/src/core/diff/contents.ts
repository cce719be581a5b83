import { digestOf } from "../oci/documents.js"
import { differenceText } from "../render/difference.js"
import type { CheckResult, ImageLayer, PlatformReport, Report, Tool } from "../report/report.js"
import { aspects, values, withoutSpelling, type Thing } from "./thing.js"

/** What a build has once for all platforms. */
export function buildThings({ variant, version, created, index, runner, sources, request, ...rest }: Report): Thing[] {
  return [
    ...values("image", {
      variant,
      "project version": version,
      created,
      index,
      runner: `${runner.kind} ${runner.version}`,
      "requested sources": sources.requested,
      "starts as root": yesOrNo(rest.root),
      sudo: yesOrNo(rest.sudo),
      "requested base": request?.base,
      compression: request?.compression,
      "CJK fonts": request && yesOrNo(request.cjkFonts),
      // A text of many lines; whoever wants to compare two has the files.
      definition: request?.definition === undefined ? undefined : digestOf(request.definition),
      "source URL": request?.source?.url,
      "source revision": request?.source?.revision,
    }),
    ...rest.releases.map(({ name, date, sha256 }): Thing => ({
      area: "archive",
      name,
      shown: date,
      aspects: { date: { value: date }, checksum: { value: sha256, changesWith: ["date"] } },
    })),
  ]
}

/** What both builds say about a platform; only this is compared. */
export interface Coverage {
  /** Everything that is installed, not only what the build itself installed. */
  installed: boolean
  layers: boolean
}

/** What a build has on one platform. */
export function platformThings(report: Report, platform: PlatformReport, { installed, layers }: Coverage): Thing[] {
  return [
    ...values("image", { base: platform.base, manifest: platform.digest }),
    ...packages(platform, installed ? installedVersions(report, platform.platform) : undefined),
    ...platform.tools.map(tool),
    ...(layers ? numbered(platform.layers ?? []).map(layer) : []),
    ...platform.checks.map(check),
  ]
}

/** Whether a report lists everything that is installed on a platform, its base included. */
export function listsInstalled({ parity }: Report, platform: string): boolean {
  return parity !== undefined && "platforms" in parity && parity.platforms.includes(platform)
}

/**
 * Everything installed on a platform, by name. A report has a name with the platform's spelling or without it, depending on what the other
 * platforms have; here it is without, unless the platform has two such packages.
 */
function installedVersions({ parity }: Report, platform: string): Map<string, string> {
  const software = parity && "software" in parity ? parity.software : []
  const own = software.flatMap(({ kind, name, versions }) => {
    const version = versions[platform]
    return kind !== "package" || version === undefined || version === null ? [] : [{ name, version }]
  })
  const counts = new Map<string, number>()
  for (const { name } of own) {
    const common = withoutSpelling(name, platform)
    counts.set(common, (counts.get(common) ?? 0) + 1)
  }
  return new Map(
    own.map(({ name, version }) => {
      const common = withoutSpelling(name, platform)
      return [counts.get(common) === 1 ? common : name, version]
    }),
  )
}

/**
 * @param installed versions of everything that is installed; without them, the packages are those that the build itself installed
 */
function packages({ platform, packages }: PlatformReport, installed: ReadonlyMap<string, string> | undefined): Thing[] {
  const thing = (name: string, version: string, sha256?: string): Thing => ({
    area: "package",
    name,
    shown: version,
    aspects: aspects({
      version,
      checksum: sha256 === undefined ? undefined : { value: sha256, changesWith: ["version"] },
    }),
  })
  if (!installed) return packages.map(({ name, version, sha256 }) => thing(name, version, sha256))
  const checksums = new Map(
    packages.flatMap(({ name, sha256 }) =>
      [name, withoutSpelling(name, platform)].map((key) => [key, sha256] as const),
    ),
  )
  return [...installed].map(([name, version]) => thing(name, version, checksums.get(name)))
}

function tool({ name, version, source, sha256, vulnerabilities = [] }: Tool): Thing {
  return {
    area: "tool",
    name,
    shown: `${version} (${source})`,
    aspects: aspects({
      version,
      // Most sources name the version, and change with it.
      source: { value: source, same: source.replaceAll(version, "VERSION") },
      checksum: sha256 === undefined ? undefined : { value: sha256, changesWith: ["version", "source"] },
      vulnerabilities: vulnerabilities.length === 0 ? undefined : [...vulnerabilities].sort().join(", "),
    }),
  }
}

function layer({ name, digest, bytes }: ImageLayer): Thing {
  return { area: "layer", name, shown: digest, aspects: { "": { value: digest } }, bytes }
}

/** A variant that extends another may have a second layer of a name. */
function numbered(layers: readonly ImageLayer[]): ImageLayer[] {
  const counts = new Map<string, number>()
  return layers.map((layer) => {
    const count = (counts.get(layer.name) ?? 0) + 1
    counts.set(layer.name, count)
    return count === 1 ? layer : { ...layer, name: `${layer.name} (${String(count)})` }
  })
}

function check(result: CheckResult): Thing {
  const { name, status, reason } = result
  const difference = differenceText(result)
  const explained = reason === undefined ? "" : difference === undefined ? `: ${reason}` : ` (${reason})`
  const value = `${status}${difference === undefined ? "" : `: ${difference}`}${status === "passed" ? "" : explained}`
  return { area: "check", name, shown: value, aspects: { status: { value, same: status } } }
}

function yesOrNo(given: boolean | undefined): string {
  return given === true ? "yes" : "no"
}
