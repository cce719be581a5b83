import { canonicalJson, digestOf, variablesOf, type ImageConfig } from "../oci/documents.js"
import { archNeutral } from "../parity/arch-neutral.js"
import { PLATFORMS } from "../platforms.js"
import { differenceText } from "../render/difference.js"
import type { CheckResult, ImageLayer, LockedPackage, PlatformReport, Report, Tool } from "../report/report.js"
import type { DiffArea } from "./schema.js"

/** A property of a {@link Thing}. */
export interface Aspect {
  value: string
  /** What decides whether it changed, if that is not the value. */
  same?: string
  /** Of a checksum: what it changes with. It is reported only if that did not change, and compared only if both builds have one. */
  changesWith?: readonly string[]
}

/** Something that a build has. */
export interface Thing {
  area: DiffArea
  /** Unique in its area. */
  name: string
  /** Its value in the list of what was added and removed. */
  shown: string
  /** By name; "" for what has only one. */
  aspects: Readonly<Record<string, Aspect>>
  /** The unpacked size of a layer. */
  bytes?: number
}

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

/** How an image is configured to run. */
export function configurationThings({ config = {} }: ImageConfig): Thing[] {
  const { Env, Labels, Healthcheck, ...settings } = config
  return [
    ...values("environment", variablesOf(Array.isArray(Env) ? Env : [])),
    ...values("label", texts(Labels, plainText)),
    ...values(
      "configuration",
      texts(settings, settingText, (name) => SETTINGS.get(name) ?? name),
    ),
    ...(Healthcheck ? [healthCheck(Healthcheck)] : []),
  ]
}

/** Whether a report lists everything that is installed on a platform, its base included. */
export function listsInstalled({ parity }: Report, platform: string): boolean {
  return parity !== undefined && "platforms" in parity && parity.platforms.includes(platform)
}

/** Text without a platform's own spellings. */
export function withoutSpelling(text: string, platform: string): string {
  const known = PLATFORMS.find((name) => name === platform)
  return known === undefined ? text : archNeutral(text, known)
}

/** Docker's names for settings, in words. Others keep their name. */
const SETTINGS = new Map([
  ["User", "user"],
  ["WorkingDir", "workdir"],
  ["Entrypoint", "entrypoint"],
  ["Cmd", "default arguments"],
  ["ExposedPorts", "exposed ports"],
  ["Volumes", "volumes"],
  ["StopSignal", "stop signal"],
])

/** Nothing for what means the same as no setting. Ports and volumes are the names of empty objects. */
function settingText(value: unknown): string | undefined {
  if (value === null || value === "") return undefined
  if (typeof value !== "object") return plainText(value)
  const names = Object.keys(value)
  if (names.length === 0) return undefined
  const isSet = !Array.isArray(value) && Object.values(value).every((entry) => canonicalJson(entry) === "{}")
  return isSet ? names.sort().join(", ") : canonicalJson(value)
}

function plainText(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value)
}

function texts(
  of: unknown,
  text: (value: unknown) => string | undefined,
  named: (name: string) => string = (name) => name,
): Record<string, string | undefined> {
  const entries: [string, unknown][] = of !== null && typeof of === "object" ? Object.entries(of) : []
  return Object.fromEntries(entries.map(([name, value]) => [named(name), text(value)]))
}

const NANOSECONDS = 1e9

function healthCheck({ Test, ...rest }: NonNullable<NonNullable<ImageConfig["config"]>["Healthcheck"]>): Thing {
  const { Interval, Timeout, StartPeriod, Retries } = rest
  const seconds = (time: number | undefined) => (time === undefined ? undefined : `${String(time / NANOSECONDS)} s`)
  return {
    area: "configuration",
    name: "health check",
    shown: JSON.stringify(Test),
    aspects: aspects({
      test: JSON.stringify(Test),
      interval: seconds(Interval),
      timeout: seconds(Timeout),
      "start period": seconds(StartPeriod),
      retries: Retries === undefined ? undefined : String(Retries),
    }),
  }
}

/** Everything installed on a platform, by its names without the platform's spellings. */
function installedVersions({ parity }: Report, platform: string): Map<string, string> {
  const software = parity && "software" in parity ? parity.software : []
  return new Map(
    software.flatMap(({ kind, name, versions }) => {
      const version = versions[platform]
      return kind !== "package" || version === undefined || version === null
        ? []
        : [[withoutSpelling(name, platform), version]]
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
  const own = new Map(packages.map((entry): [string, LockedPackage] => [withoutSpelling(entry.name, platform), entry]))
  // The list of what is installed has names without spellings; those of this platform are what its apt knows.
  return [...installed].map(([name, version]) => {
    const entry = own.get(name)
    return thing(entry?.name ?? name, version, entry?.version === version ? entry.sha256 : undefined)
  })
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

/** Things with one value each. Undefined if there is none. */
function values(area: DiffArea, of: Readonly<Record<string, string | undefined>>): Thing[] {
  return Object.entries(of).flatMap(([name, value]) =>
    value === undefined ? [] : [{ area, name, shown: value, aspects: { "": { value } } }],
  )
}

function aspects(of: Readonly<Record<string, string | Aspect | undefined>>): Record<string, Aspect> {
  return Object.fromEntries(
    Object.entries(of).flatMap(([name, aspect]) =>
      aspect === undefined ? [] : [[name, typeof aspect === "string" ? { value: aspect } : aspect]],
    ),
  )
}

function yesOrNo(given: boolean | undefined): string {
  return given === true ? "yes" : "no"
}
