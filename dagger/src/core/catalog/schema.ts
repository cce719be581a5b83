import { z } from "zod"
import { PLATFORMS, type PlatformName, type PlatformSpelling } from "../platforms.js"
import { closest } from "../suggest.js"
import { signatureSchema, type VerifiedBy } from "./verification.js"

/** Stands for an unknown fact: a date, a checksum. It is shown as such, never made up. */
export const UNKNOWN = "unknown"

const archive = {
  /** How many leading folders of the archive's paths are removed. */
  strip: z.number().int().nonnegative(),
  /** Where the rest goes in the image. */
  into: z.string(),
  /** The only paths to unpack, and the paths to leave out. */
  only: z.array(z.string()).readonly().optional(),
  exclude: z.array(z.string()).readonly().optional(),
}

/** How a downloaded file becomes files of the image. Paths inside the archive are relative to what `strip` removes. */
export const unpackSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("tar"), ...archive }),
  z.object({ kind: z.literal("zip"), ...archive }),
  /** The file is the program. */
  z.object({ kind: z.literal("program"), path: z.string() }),
])
export type Unpack = z.infer<typeof unpackSchema>

/** A file of a vendor. Its checksum may be {@link UNKNOWN}. */
export interface PinnedFile {
  url: string
  sha256: string
}

/** A package of the npm registry, which publishes its integrity. It may be {@link UNKNOWN}. */
export interface NpmPackage {
  name: string
  integrity: string
}

/** A module of the Go module proxy, with its hash in `go.sum` format. It may be {@link UNKNOWN}. */
export interface GoModule {
  path: string
  version: string
  sum: string
}

interface Pinned {
  version: string
  /** The day on which this version was published, `2026-11-13`, or {@link UNKNOWN}. */
  released: string
  /** All of its files. Those that are {@link VerifiedBy} `first-seen` may never have been the vendor's. */
  verifiedBy: VerifiedBy
}

export interface UpstreamSource extends Pinned {
  unpack: Unpack
  files: Record<PlatformName, PinnedFile>
}

export type RegistrySource =
  /** A package of the distribution; its version is the archive's newest. */
  { kind: "deb"; package: string } | NpmSource | GoToolchainSource | GoProgramSource

export interface NpmSource extends Pinned {
  kind: "npm"
  unpack: Unpack
  packages: Record<PlatformName, NpmPackage>
  /** Symbolic links to create: path in the image → target. */
  links?: Readonly<Record<string, string>>
  /** Names of installation scripts that only matter to npm. A package with any other is refused, since none is run. */
  needlessScripts?: readonly string[]
}

/** The licences of a compiled program and of all modules in it, beside it. */
export const LICENSES = "licenses/act-runner.txt"

/**
 * A program of this project around a Go module, which the pipeline compiles. Its version is in the file VERSION in its folder; go.mod and
 * go.sum there pin the modules.
 */
export interface GoProgramSource {
  kind: "go-program"
  /** In `docker/`. */
  folder: string
  /** The module that it is named after. */
  module: string
  into: string
}

/** The Go toolchain from the Go module proxy: a zip file for each platform. */
export interface GoToolchainSource extends Pinned {
  kind: "go-toolchain"
  unpack: Unpack
  modules: Record<PlatformName, GoModule>
}

/** A tool with its pins, as builds use it. */
export interface CatalogTool {
  title: string
  upstream?: UpstreamSource
  registry: RegistrySource
  /** The vendor publishes only in that registry: both kinds of sources take it from there. */
  registryIsUpstream?: true
  /** See {@link ToolEntry.upstreamIn}. */
  upstreamIn?: string
  /** See {@link ToolEntry.sameVersionAs}. */
  sameVersionAs?: string
  /** Owner of the files in the image, `uid:gid`; root when absent. */
  owner?: string
  /** Names of the smoke checks that prove it. */
  checks: readonly string[]
}

/** Where a vendor lists its releases, see `feeds/`. */
export type UpstreamFeed =
  /** The release's attestations are verified, if there are any. `signer` is another repository whose workflows may make them. */
  | { kind: "github"; repository: string; signer?: string }
  | { kind: "node" | "go" | "docker" }
  | { kind: "chrome-for-testing"; program: "chrome" | "chromedriver" }

/** How a vendor names its files: everything about a tool except its pins. */
export interface ToolEntry {
  title: string
  upstream?: {
    url: (version: string, platform: PlatformSpelling) => string
    unpack: Unpack
    feed: UpstreamFeed
    /** The Go module of the same releases: its versions are known when the vendor does not answer. A path names one major version. */
    module?: string
    /** The first version that the vendor offers for a platform, if it was added later than others. */
    since?: (platform: PlatformSpelling) => string | undefined
  }
  registry:
    | { kind: "deb"; package: string }
    | {
        kind: "npm"
        package: (platform: PlatformSpelling) => string
        unpack: Unpack
        links?: Record<string, string>
        needlessScripts?: readonly string[]
      }
    | {
        kind: "go-toolchain"
        path: string
        version: (version: string, platform: PlatformSpelling) => string
        unpack: Unpack
      }
    | GoProgramSource
  registryIsUpstream?: true
  /** Another tool whose upstream archive has this one too. */
  upstreamIn?: string
  owner?: string
  checks: readonly string[]
  /** Updates keep the major version: people decide about a new one. */
  keepsMajor?: true
  /** Another tool that has to have the same version, from whichever source. */
  sameVersionAs?: string
}

interface RawIssue {
  readonly code?: string | undefined
  readonly input?: unknown
  readonly keys?: unknown
}

/** What is wrong with a value, as it continues `node.upstream.version …`. */
function wrong(what: string, known: readonly string[] = []) {
  return (issue: RawIssue): string => {
    if (issue.input === undefined) return "is missing"
    if (issue.code !== "unrecognized_keys" || !Array.isArray(issue.keys)) return `is not ${what}`
    const [key] = issue.keys.map(String)
    return unknownKey(key ?? "", known)
  }
}

/** What is wrong with a key that is not one of the known ones. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = closest(key, known)
  return `has the unknown key "${key}"; ${meant ? `did you mean ${meant}?` : `choose from ${known.join(", ")}`}`
}

const text = (pattern: RegExp, what: string) => z.string({ error: wrong(what) }).regex(pattern, { error: wrong(what) })

const pin = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, { error: wrong("a mapping of names to values", Object.keys(shape)) })

/** A value for each platform, none missing and none extra. */
const perPlatform = <Value extends z.ZodType>(value: Value) =>
  z.record(z.enum(PLATFORMS as [PlatformName, ...PlatformName[]]), value, {
    error: wrong(`a mapping with ${PLATFORMS.join(" and ")}`, PLATFORMS),
  })

const pinned = {
  version: text(/^\d+(\.\d+){1,3}$/, "a version: numbers separated by dots"),
  verified: signatureSchema.optional(),
  released: text(/^(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])|unknown)$/, "a day such as 2026-11-13, or unknown"),
}
const sha256 = text(/^([0-9a-f]{64}|unknown)$/, "a SHA-256 (64 hexadecimal digits in lower case), or unknown")
const integrity = text(
  /^(sha512-[A-Za-z0-9+/]{86}==|unknown)$/,
  "npm's integrity (sha512- and 88 characters), or unknown",
)
const sum = text(/^(h1:[A-Za-z0-9+/]{43}=|unknown)$/, "Go's checksum (h1: and 44 characters), or unknown")

/** What is pinned of a tool's upstream source. */
export const upstreamPinSchema = pin({
  ...pinned,
  sha256: perPlatform(sha256),
  /**
   * The vendor publishes no checksums to compare these with: they come from files that were downloaded once, by us or by another project.
   * They show when a file is replaced later, but not whether the first one was the vendor's.
   */
  seen: z.literal("once", { error: wrong('"once"') }).optional(),
})
/** A package that is the same on every platform has one integrity. */
export const npmPinSchema = pin({ ...pinned, integrity: perPlatform(integrity) })
export const commonNpmPinSchema = pin({ ...pinned, integrity })
export const goToolchainPinSchema = pin({ ...pinned, sum: perPlatform(sum) })
