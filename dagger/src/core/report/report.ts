import { z } from "zod"
import { firstIssue, parseJson } from "../text/json.js"

/** The schema of `report.json`, for one built variant. The version changes when a reader of the old format would misread the new. */
export const REPORT_SCHEMA_VERSION = 4

/**
 * How a platform's packages were installed: with the platform's own binaries on its own hardware, with binaries of the engine's platform
 * that work on the foreign root, or with the platform's own binaries under emulation.
 */
export const INSTALL_METHODS = ["native", "accelerated", "emulated"] as const
export type InstallMethod = (typeof INSTALL_METHODS)[number]

/** Whose runner an image has: GitHub's, or the program of this project around the Go module github-act-runner. */
export const RUNNER_KINDS = ["official", "act"] as const
export type RunnerKind = (typeof RUNNER_KINDS)[number]

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)

/**
 * - `passed`: the image does what the check expects
 * - `failed`: it does something else
 * - `skipped`: the check cannot run here, or what it reads is missing because another check failed
 * - `inconclusive`: the check had no answer in time, twice, which says nothing about the image
 */
export const CHECK_STATUSES = ["passed", "failed", "skipped", "inconclusive"] as const
export type CheckStatus = (typeof CHECK_STATUSES)[number]

export const checkResultSchema = z.object({
  /** Unique within a platform: `version/git`. */
  name: z.string(),
  /** What the check proves, in a short sentence. */
  proves: z.string(),
  status: z.enum(CHECK_STATUSES),
  expected: z.string().optional(),
  actual: z.string().optional(),
  /** Why it was skipped or is inconclusive, or what the failure means. */
  reason: z.string().optional(),
  /** All that a check of files found, if `actual` names only the first. */
  findings: z.array(z.string()).optional(),
  /** What a check of files found and what is right for this image: its package ships it so, or its definition accepts it. */
  accepted: z
    .array(z.object({ finding: z.string(), reason: z.string(), by: z.enum(["package", "definition"]) }))
    .optional(),
  /** Wall seconds of the last attempt, beside other checks. Absent for checks of files, and for what did not run in this image. */
  seconds: z.number().nonnegative().optional(),
  /** 2 if the first attempt had no answer in time. */
  attempts: z.literal(2).optional(),
  /** The variant in whose image it ran: this one has the same layers, and what it adds does not concern the check. */
  provedBy: z.string().optional(),
})
export type CheckResult = z.infer<typeof checkResultSchema>

export const lockedPackageSchema = z.object({ name: z.string(), version: z.string(), sha256 })
export type LockedPackage = z.infer<typeof lockedPackageSchema>

/** Where a tool comes from: its vendor's downloads, or a package registry. */
export const SOURCE_KINDS = ["upstream", "registry"] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

export const toolSourceSchema = z.object({
  from: z.enum(SOURCE_KINDS),
  /** Why, in a clause: `the pinned files answer`. */
  reason: z.string(),
})
export type ToolSource = z.infer<typeof toolSourceSchema>

/** Where the catalog's tools in an image come from. */
export const imageSourcesSchema = z.object({
  /** What was requested. Absent for images built elsewhere. */
  requested: z.enum(["auto", ...SOURCE_KINDS]).optional(),
  /** By the tool's name. */
  tools: z.record(z.string(), toolSourceSchema),
})
export type ImageSources = z.infer<typeof imageSourcesSchema>

export const toolSchema = z.object({
  name: z.string(),
  version: z.string(),
  /** Where it came from: an upstream URL, `npm:NAME@VERSION`, `go:MODULE@VERSION` or `deb:NAME`. */
  source: z.string(),
  sha256: sha256.optional(),
  /** What its registry has instead, and what was verified: npm's `sha512-…`, or go.sum's `h1:…`. */
  integrity: z.string().optional(),
  /** Known vulnerabilities of a pinned version, by their ids. Absent if there are none. */
  vulnerabilities: z.array(z.string()).optional(),
  /**
   * Its unpacked size: its layer's bytes; for a package of the distribution dpkg's Installed-Size, without dependencies.
   * Absent if no image was written, as for layers.
   */
  bytes: z.number().int().nonnegative().optional(),
})
export type Tool = z.infer<typeof toolSchema>

/** What is in an image besides the tools: what dpkg and npm installed. */
export const installedSoftwareSchema = z.object({
  /** The distribution's packages, those of the base included, as the image's dpkg has them. */
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      /** Debian's name, or `all`. */
      architecture: z.string(),
      source: z.object({ name: z.string(), version: z.string() }),
    }),
  ),
  /** The packages of npm in folders named node_modules, those that came with a tool included. */
  npm: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      /** As the package declares it, which need not be an identifier of SPDX. */
      license: z.string().optional(),
      /** Of its folder. */
      path: z.string(),
    }),
  ),
})
export type InstalledSoftware = z.infer<typeof installedSoftwareSchema>

/** One layer of an image. */
export const layerSchema = z.object({
  /** What it is: `base image`, `packages`, a tool's name. */
  name: z.string(),
  /** Digest of the compressed layer. Images that share the layer have the same. */
  digest,
  /** Size of the layer's uncompressed tar archive. */
  bytes: z.number().int().nonnegative(),
  compressedBytes: z.number().int().nonnegative(),
})
export type ImageLayer = z.infer<typeof layerSchema>

/** One of the archive's signed Release files, from which both platforms were resolved. */
/** ISO 8601, in UTC. */
const timeSchema = z.iso.datetime("is not a time such as 2026-01-31T23:59:59Z")

export const releaseFileSchema = z.object({
  /** apt's file name for it, which names the archive and the suite. */
  name: z.string(),
  sha256,
  /** The Date field, ISO 8601. */
  date: timeSchema,
})

export const platformReportSchema = z.object({
  platform: z.string(),
  /** Digest of the platform's manifest. Absent if no image was written. */
  digest: digest.optional(),
  /** Sum of the compressed layers, in bytes. */
  compressedBytes: z.number().int().nonnegative().optional(),
  /** From the base up. Absent if no image was written, and for images built elsewhere. */
  layers: z.array(layerSchema).optional(),
  /** The unpacked bytes of layers that come from the variant that this one extends. Absent if that was not built in the same run. */
  shared: z.object({ variant: z.string(), bytes: z.number().int().nonnegative() }).optional(),
  /** The resolved base image, by digest. */
  base: z.string(),
  /** The lock: those that were installed on the base. */
  packages: z.array(lockedPackageSchema),
  tools: z.array(toolSchema),
  /** Absent in reports of earlier versions, and for images built elsewhere. */
  installed: installedSoftwareSchema.optional(),
  /** How the packages were installed, and why native binaries were not used if they were not. Absent for images built elsewhere. */
  installation: z.object({ method: z.enum(INSTALL_METHODS), reason: z.string().optional() }).optional(),
  checks: z.array(checkResultSchema),
  /** Wall seconds by step, in the order in which they ran. Cached steps take almost none. */
  steps: z.array(z.object({ name: z.string(), seconds: z.number().nonnegative() })),
  /** Wall seconds in which at least one of them ran: less than their sum, as they run beside each other. Absent in reports of earlier versions. */
  seconds: z.number().nonnegative().optional(),
})
export type PlatformReport = z.infer<typeof platformReportSchema>

/** The areas in which images of several platforms are compared. */
export const PARITY_AREAS = ["package", "tool", "configuration", "environment", "label", "account", "file"] as const
export type ParityArea = (typeof PARITY_AREAS)[number]

/** By platform; `null` if a platform has none. */
const valuesSchema = z.record(z.string(), z.string().nullable())

export const imageDifferenceSchema = z.object({
  area: z.enum(PARITY_AREAS),
  /** With `ARCH` in place of the platforms' spellings, unless all platforms have exactly this name. */
  name: z.string(),
  /** Which property of a file differs: `mode`. */
  aspect: z.string().optional(),
  values: valuesSchema,
})
export type ImageDifference = z.infer<typeof imageDifferenceSchema>

export const explainedDifferenceSchema = imageDifferenceSchema.extend({ reason: z.string() })
export type ExplainedDifference = z.infer<typeof explainedDifferenceSchema>

/** The result of comparing a variant's images with each other. */
export const imageParitySchema = z.object({
  platforms: z.array(z.string()),
  /** Everything installed, with its version on each platform. */
  software: z.array(z.object({ kind: z.enum(["package", "tool"]), name: z.string(), versions: valuesSchema })),
  /** Number of compared paths above the packages: those that any platform has. */
  paths: z.number().int().nonnegative(),
  /** Unexplained differences. */
  differences: z.array(imageDifferenceSchema),
  explained: z.array(explainedDifferenceSchema),
  /** Allow-list entries that explained nothing: other variants may need them. */
  unused: z.array(imageDifferenceSchema.omit({ values: true }).extend({ reason: z.string() })),
})
export type ImageParity = z.infer<typeof imageParitySchema>

/**
 * What was asked for, as far as the rest of a report does not say it: with the lock, all that another build of the same image needs, except
 * for files and servers of the user's. Absent for images built elsewhere.
 */
export const recordedRequestSchema = z.object({
  base: z.string(),
  compression: z.string(),
  cjkFonts: z.literal(true).optional(),
  /** The text of the definition file. */
  definition: z.string().optional(),
  /** For the labels. */
  source: z.object({ url: z.string().optional(), revision: z.string().optional() }).optional(),
})

export type RecordedRequest = z.infer<typeof recordedRequestSchema>

/** An entry of a definition's `accept` that no check needed on any platform. */
export const unusedEntrySchema = z.object({ check: z.string(), finding: z.string(), reason: z.string() })

export const reportSchema = z.object({
  schemaVersion: z.literal(REPORT_SCHEMA_VERSION),
  variant: z.string(),
  /** This project's version. */
  version: z.string(),
  /** The image's creation time, ISO 8601: the time of its newest input, so that the same inputs give the same image. */
  created: timeSchema,
  sources: imageSourcesSchema,
  runner: z.object({ kind: z.enum(RUNNER_KINDS), version: z.string() }),
  /** Containers start as root. */
  root: z.literal(true).optional(),
  /** Jobs can become root without a password. */
  sudo: z.literal(true).optional(),
  releases: z.array(releaseFileSchema),
  request: recordedRequestSchema.optional(),
  /**
   * A digest of each thing that the image was made from: a later build with the same ones need not be done. Absent if they changed
   * during the build, from `dagger call`, and for images built elsewhere.
   */
  inputs: z.record(z.string(), z.string()).optional(),
  /** Digest of the index. Absent if a check failed and no image was written. */
  index: digest.optional(),
  platforms: z.array(platformReportSchema),
  /** Entries of the definition's `accept` that accepted nothing. */
  unusedAccept: z.array(unusedEntrySchema).optional(),
  /** The platforms' images compared with each other, or why they were not. Absent for images built elsewhere. */
  parity: imageParitySchema.or(z.object({ skipped: z.string() })).optional(),
})
export type Report = z.infer<typeof reportSchema>

/** The text of a `report.json`. */
export function reportJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`
}

/** A report without what is different each time that the same image is built: how long it took, and how often a check was tried. */
export function withoutTimes(report: Report): Report {
  const timeless = ({ seconds: _seconds, attempts: _attempts, ...check }: CheckResult): CheckResult => check
  const platforms = report.platforms.map(({ seconds: _seconds, ...entry }) => ({
    ...entry,
    checks: entry.checks.map(timeless),
    steps: [],
  }))
  return { ...report, platforms }
}

/**
 * Reads the text of a `report.json`.
 *
 * @param invalid makes the error of whoever needs the report, of why it cannot be read
 */
export function parseReport(text: string, invalid: (why: string, cause?: unknown) => Error): Report {
  const json = parseJson(text, invalid)
  const parsed = reportSchema.safeParse(json)
  if (!parsed.success) throw invalid(`${otherVersion(json)}${firstIssue(parsed.error)}`)
  return parsed.data
}

/**
 * The beginning of a sentence about a report that cannot be read, if another version of this program wrote it.
 *
 * @param json what the schema rejects
 */
export function otherVersion(json: unknown): string {
  const { data } = z.object({ schemaVersion: z.number() }).safeParse(json)
  if (data === undefined || data.schemaVersion === REPORT_SCHEMA_VERSION) return ""
  return `it is a report of schema version ${data.schemaVersion}, but this program writes version ${REPORT_SCHEMA_VERSION}; `
}
