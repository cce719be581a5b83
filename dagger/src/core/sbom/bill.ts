import spdxExpression from "spdx-expression-parse"
import { RunnerImagesError } from "../errors.js"
import { PLATFORMS, archOf } from "../platforms.js"
import { parseReport, type InstalledSoftware, type PlatformReport, type Report, type Tool } from "../report/report.js"
import { closest } from "../suggest.js"
import { distributionOf, parseBase } from "../variants/bases.js"
import { debianUrl, downloadUrl, goUrl, imageUrl, npmUrl } from "./package-url.js"

/** What to do about a report without what a bill needs, and about a file that is no report. */
const AGAIN = "Build the image with this version, and take the report of that."
const OTHER = "Give the folder of a build, such as dist/standard, or its report.json."

/** The name under which images of this project are published. */
const IMAGE_NAME = "github-runner"

/** What a bill of materials says about one platform's image, in whichever format. */
export interface Bill {
  image: BilledImage
  /** Each once, in the order of their package URLs. */
  components: Component[]
}

export interface BilledImage {
  name: string
  variant: string
  platform: string
  /** Of its manifest. */
  digest: string
  packageUrl: string
  /** ISO 8601, in whole seconds: its newest input's time, not that of the build. */
  created: string
  /** The base image by digest. */
  base: string
  /** This project's version. */
  builtBy: string
}

/** Who installed it: dpkg, npm, or the build itself. */
export type ComponentKind = "package" | "npm" | "tool"

export interface Component {
  kind: ComponentKind
  name: string
  version: string
  packageUrl: string
  /** What it was built from, for a package of the distribution. */
  source?: { name: string; version: string }
  license?: License
  /** Where its file was downloaded from, if that is a vendor's. */
  download?: string
  /** Of the downloaded file, in hexadecimal. */
  checksums: { sha256?: string; sha512?: string }
  /** In go.sum's format, of a module's files. */
  goSum?: string
  /** Its folders, for a package of npm. */
  paths: readonly string[]
}

/** An SPDX expression, or whatever else its author wrote. */
export type License = { expression: string } | { name: string }

/**
 * The bill of materials of a platform's image.
 *
 * @throws RunnerImagesError REPORT_INVALID when the report does not have what a bill needs
 */
export function billOf(report: Report, entry: PlatformReport): Bill {
  const { variant, created, request, version } = report
  const { platform, digest, installed, base } = entry
  if (digest === undefined) throw reportError("no image was written in that build", AGAIN)
  if (!installed || !request)
    throw reportError("it does not list what is installed, because an earlier version wrote it", AGAIN)
  const distribution = distributionOf(parseBase(request.base))
  const locked = new Map(entry.packages.map((one) => [`${one.name} ${one.version}`, one.sha256]))
  const packages = installed.packages.map((one): Component => {
    const sha256 = locked.get(`${one.name} ${one.version}`)
    const { name, source } = one
    const checksums = sha256 === undefined ? {} : { sha256 }
    const packageUrl = debianUrl(one, distribution)
    return { kind: "package", name, version: one.version, packageUrl, source, checksums, paths: [] }
  })
  const tools = entry.tools.flatMap((tool) => toolComponent(tool) ?? [])
  return {
    image: {
      name: IMAGE_NAME,
      variant,
      platform,
      digest,
      packageUrl: imageUrl(IMAGE_NAME, digest, archIn(platform)),
      created: new Date(created).toISOString().replace(/\.\d+Z$/, "Z"),
      base,
      builtBy: version,
    },
    components: merged([...packages, ...tools, ...npmComponents(installed.npm)]),
  }
}

/**
 * The report of a build, and its entry for one of the platforms.
 *
 * @param text of the report
 * @param from what it is called in messages
 * @param platform as a user writes it; may be absent if there is only one
 * @throws RunnerImagesError REPORT_INVALID or PLATFORM_INVALID
 */
export function billedPlatform(
  text: string,
  from: string,
  platform: string | undefined,
): { report: Report; entry: PlatformReport } {
  const report = parseReport(text, (why, cause) => reportError(why, OTHER, cause))
  const names = report.platforms.map((entry) => entry.platform)
  const choice = `Choose from ${names.join(", ")}`
  if (platform === undefined) {
    const [only, ...others] = report.platforms
    if (only && others.length === 0) return { report, entry: only }
    throw new RunnerImagesError(
      "PLATFORM_INVALID",
      `${from} has several platforms, and a bill is of one.`,
      `${choice} with --platform.`,
    )
  }
  const wanted = platform.trim().toLowerCase()
  const entry = report.platforms.find((candidate) => candidate.platform === wanted)
  if (entry) return { report, entry }
  const meant = wanted === "" ? undefined : closest(wanted.includes("/") ? wanted : `linux/${wanted}`, names)
  throw new RunnerImagesError(
    "PLATFORM_INVALID",
    wanted === "" ? "--platform is empty." : `${from} has no image for ${platform}.`,
    meant === undefined ? `${choice}.` : `Did you mean ${meant}?`,
  )
}

function reportError(why: string, remedy: string, cause?: unknown): RunnerImagesError {
  return new RunnerImagesError("REPORT_INVALID", `No bill of materials can be made of the report: ${why}.`, remedy, {
    cause,
  })
}

/** Undefined for a tool that is a package of the distribution: dpkg's list has it. */
function toolComponent(tool: Tool): Component | undefined {
  const { name, version, source, sha256 } = tool
  const common = { kind: "tool", version, paths: [], checksums: sha256 === undefined ? {} : { sha256 } } as const
  const [, registry, path, pinned] = /^(deb|npm|go):(.+?)(?:@([^@]+))?$/.exec(source) ?? []
  if (registry === "deb") return undefined
  if (path === undefined || pinned === undefined)
    return { ...common, name, packageUrl: downloadUrl(tool, source), download: source }
  if (registry === "npm")
    return { ...common, name: path, packageUrl: npmUrl(path, pinned), checksums: integrityOf(tool) }
  const goSum = tool.integrity
  return { ...common, name: path, packageUrl: goUrl(path, pinned), ...(goSum === undefined ? {} : { goSum }) }
}

/** @example integrityOf({ …, integrity: "sha512-q80=" }) ⇒ { sha512: "abcd" } */
function integrityOf({ integrity }: Tool): Component["checksums"] {
  const base64 = /^sha512-(.+)$/.exec(integrity ?? "")?.[1]
  return base64 === undefined ? {} : { sha512: Buffer.from(base64, "base64").toString("hex") }
}

function npmComponents(npm: InstalledSoftware["npm"]): Component[] {
  return npm.map(({ name, version, license, path }) => ({
    kind: "npm",
    ...{ name, version, packageUrl: npmUrl(name, version), checksums: {}, paths: [path] },
    ...(license === undefined ? {} : { license: licenseOf(license) }),
  }))
}

/** Licences that a document would have to define, with their texts, count as names. */
function licenseOf(text: string): License {
  try {
    spdxExpression(text)
    return /(?:License|Document)Ref-/.test(text) ? { name: text } : { expression: text }
  } catch {
    return { name: text }
  }
}

/** One component for each package URL: a tool from npm is in a folder as well, and so may be several copies of a package. */
function merged(all: readonly Component[]): Component[] {
  const byUrl = new Map<string, Component>()
  for (const component of all) {
    const known = byUrl.get(component.packageUrl)
    byUrl.set(
      component.packageUrl,
      known ? { ...component, ...known, paths: [...known.paths, ...component.paths].sort() } : component,
    )
  }
  return [...byUrl.values()].sort((a, b) => (a.packageUrl < b.packageUrl ? -1 : 1))
}

/** Reports may be of platforms that this version does not build for. */
export function archIn(platform: string): string {
  const known = PLATFORMS.find((name) => name === platform)
  return known ? archOf(known) : platform.slice(platform.indexOf("/") + 1)
}
