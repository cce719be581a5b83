import { z } from "zod"
import { DEFAULT_BASE, type BaseName } from "../variants/bases.js"
import { RunnerImagesError } from "../errors.js"
import type { PlatformName } from "../platforms.js"
import { printable } from "../text/printable.js"
import { lockedPackageSchema, reportSchema, type LockedPackage } from "../report/report.js"

/** Debian's policy on names of packages, but for a final minus, by which apt removes. */
export const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/

/** A package file of the archive, as apt resolved it. */
export interface ArchivedPackage extends LockedPackage {
  uri: string
  /** apt's name for the downloaded file. */
  file: string
  /** Bytes. */
  size: number
}

/**
 * Reads what `apt-get --print-uris` prints with SHA-256 forced.
 *
 * @example parsePrintUris("'http://…/jq_1.7.1-6_amd64.deb' jq_1.7.1-6_amd64.deb 78 SHA256:ab…")
 *   ⇒ [{ name: "jq", version: "1.7.1-6", … }], sorted by name
 */
export function parsePrintUris(output: string): ArchivedPackage[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("'"))
    .map((line) => {
      const match = /^'([^']+)' (\S+) (\d+) SHA256:([0-9a-f]{64})$/.exec(line)
      const [, uri, file, size, sha256] = match ?? []
      const [name, version] = file?.replace(/\.deb$/, "").split("_") ?? []
      if (!uri || !file || !size || !sha256 || !name || !version)
        throw new RunnerImagesError(
          "BUILD_FAILED",
          `apt printed a package that cannot be read: ${line}`,
          "The archive's Packages file must have SHA-256 checksums.",
        )
      return { name, version: decodeURIComponent(version), sha256, uri, file, size: Number(size) }
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** What a package file says of itself. */
export interface PackageControl {
  file: string
  name: string
  /** Whether it runs something of its own when it is installed. */
  hasScripts: boolean
  /** Names of what it cannot even be unpacked without, alternatives and all. */
  preDepends: string[]
  depends: string[]
  provides: string[]
}

/** Reads what `control.sh` writes: file, package, number of scripts, Pre-Depends, Depends and Provides, separated by tabs. */
export function parseControl(text: string): PackageControl[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [file = "", name = "", scripts, preDepends, depends, provides] = line.split("\t")
      return {
        file,
        name,
        hasScripts: scripts !== "0",
        preDepends: packageNames(preDepends),
        depends: packageNames(depends),
        provides: packageNames(provides),
      }
    })
}

/** @example packageNames("libc6 (>= 2.38), debconf (>= 0.5) | debconf-2.0, python3:any") ⇒ ["libc6", "debconf", "debconf-2.0", "python3"] */
function packageNames(field = ""): string[] {
  return field.split(/[,|]/).flatMap((entry) => /^\s*([^\s(:]+)/.exec(entry)?.[1] ?? [])
}

/**
 * The package files that have a part in what scripts do: those that have scripts, and all that these may rely on, which by Debian's policy is
 * what they depend on. The others are files and nothing else.
 *
 * @param installed names of packages that are installed: what replaces one counts as well
 */
export function filesForScripts(packages: readonly PackageControl[], installed: ReadonlySet<string>): string[] {
  const providers = new Map<string, PackageControl[]>()
  for (const entry of packages)
    for (const name of [entry.name, ...entry.provides]) providers.set(name, [...(providers.get(name) ?? []), entry])
  const wanted = new Set<PackageControl>()
  const want = (entry: PackageControl): void => {
    if (wanted.has(entry)) return
    wanted.add(entry)
    for (const name of [...entry.preDepends, ...entry.depends]) providers.get(name)?.forEach(want)
  }
  for (const entry of packages)
    // dpkg unpacks what pre-depends on something only after that is configured.
    if (entry.hasScripts || entry.preDepends.length > 0 || installed.has(entry.name)) want(entry)
  return packages.filter((entry) => wanted.has(entry)).map(({ file }) => file)
}

/** The package that apt did not find, or that no version can be installed of. */
export function unlocatedPackage(stderr: string): string | undefined {
  const [, unlocated, uninstallable] =
    /^E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate)$/m.exec(stderr) ?? []
  return unlocated ?? uninstallable
}

/**
 * The upstream part of a Debian version: without epoch, Debian revision and repacking suffixes.
 *
 * @example upstreamVersion("1:2.47.3-0+deb13u1") ⇒ "2.47.3"
 */
export function upstreamVersion(debian: string): string {
  return debian
    .replace(/^\d+:/, "")
    .replace(/-[^-]*$/, "")
    .replace(/[+~](ds|dfsg|repack|really|git|ubuntu).*$/, "")
    .replace(/\+[a-z].*$/, "")
}

/** The exact packages of one earlier build. */
export interface Lock {
  /** Digest of the base image's index. Absent in a lock that says nothing of the base. */
  base?: string
  /** Whose they are. A lock holds for the variants that this one extends as well, and says nothing of what others lack. */
  variant?: string
  platforms: Partial<Record<PlatformName, LockedPackage[]>>
}

const lockSchema = z.object({
  variant: z.string().optional(),
  platforms: z.array(
    z.object({ platform: z.string(), base: z.string().optional(), packages: z.array(lockedPackageSchema) }),
  ),
})

/**
 * Reads a lock: a `report.json` of an earlier build, of which the packages and the base image count.
 *
 * @throws RunnerImagesError LOCK_INVALID when it is not JSON, has another form, lacks one of the platforms, or is
 *   of another base
 */
export function parseLock(text: string, platforms: readonly PlatformName[], base: BaseName = DEFAULT_BASE): Lock {
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError(
      "LOCK_INVALID",
      `The lock cannot be used: ${why}.`,
      "Give the report.json of an earlier build.",
      {
        cause,
      },
    )
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw invalid("it is not JSON", cause)
  }
  const known = reportSchema.safeParse(json)
  const parsed = known.success ? known : lockSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(`${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "wrong form"}`)
  }
  const { variant } = parsed.data
  const lock: Lock = { ...(variant === undefined ? {} : { variant }), platforms: {} }
  for (const platform of platforms) {
    const entry = parsed.data.platforms.find((candidate) => candidate.platform === platform)
    if (!entry) throw invalid(`it has no packages for ${platform}`)
    lock.platforms[platform] = entry.packages
    if (entry.base === undefined) continue
    const digest = baseDigest(entry.base, base)
    if (digest === undefined)
      throw invalid(`its base for ${platform} is ${printable(entry.base)}, and images are to be built on ${base}`)
    if (lock.base !== undefined && lock.base !== digest) throw invalid("its platforms have different bases")
    lock.base = digest
  }
  return lock
}

/** @example baseDigest("docker.io/library/debian:trixie-slim@sha256:ab…", "debian:trixie-slim") ⇒ "sha256:ab…" */
function baseDigest(reference: string, base: BaseName): string | undefined {
  const [, name, digest] = /^(?:docker\.io\/library\/)?([^@]+)@(sha256:[0-9a-f]{64})$/.exec(reference) ?? []
  return name === base ? digest : undefined
}

/**
 * Compares what the archive offers with a lock.
 *
 * @param resolved all packages of a variant, those of the variants that it extends included
 * @param whole whether the variant is the lock's own: then nothing of the lock may be missing
 * @throws RunnerImagesError LOCK_INVALID naming every package that has vanished or has other bytes now
 */
export function assertMatchesLock(
  platform: PlatformName,
  resolved: readonly LockedPackage[],
  locked: readonly LockedPackage[],
  whole = true,
): void {
  const offered = new Map(resolved.map((entry) => [entry.name, entry]))
  const wrong = locked.filter((entry) => {
    const now = offered.get(entry.name)
    return now ? now.version !== entry.version || now.sha256 !== entry.sha256 : whole
  })
  const wanted = new Set(locked.map((entry) => entry.name))
  const extra = resolved.filter((entry) => !wanted.has(entry.name))
  if (wrong.length === 0 && extra.length === 0) return
  const names = [...wrong.map((e) => `${e.name} ${e.version}`), ...extra.map((e) => `${e.name} (not in the lock)`)]
  throw new RunnerImagesError(
    "LOCK_INVALID",
    `The archive no longer has these packages of the lock for ${platform}: ${names.join(", ")}.`,
    "Build without --lock for the newest packages, or point the base image at a snapshot of the archive.",
  )
}

/** A package as dpkg knows it. */
export interface InstalledPackage {
  name: string
  version: string
  /** That of the source it was built from: rebuilding for one architecture alone, `+b1`, changes only the package's own. */
  sourceVersion: string
  /** Debian's name, or `all`. */
  architecture: string
  /** Names of what it needs, alternatives and all. */
  depends: string[]
  /** Other names that it satisfies. */
  provides: string[]
}

/**
 * The installed packages in dpkg's status file.
 *
 * @example installedPackages("Package: jq\nStatus: install ok installed\nArchitecture: all\nSource: jq (1.7.1-6)\nVersion: 1.7.1-6+b1\nDepends: libc6 (>= 2.38)\n")
 *   ⇒ [{ name: "jq", version: "1.7.1-6+b1", sourceVersion: "1.7.1-6", architecture: "all", depends: ["libc6"], provides: [] }]
 */
export function installedPackages(status: string): InstalledPackage[] {
  return installedStanzas(status).flatMap((field) => {
    const [name, version, architecture] = [field("Package"), field("Version"), field("Architecture")]
    if (!name || !version) return []
    const sourceVersion = /\((.+)\)$/.exec(field("Source") ?? "")?.[1] ?? version
    const depends = [...packageNames(field("Pre-Depends")), ...packageNames(field("Depends"))]
    const provides = packageNames(field("Provides"))
    return [{ name, version, sourceVersion, architecture: architecture ?? "all", depends, provides }]
  })
}

/**
 * What the installed packages take, in bytes by name, as dpkg's status file has it: an estimate of their own files, dependencies not counted.
 *
 * @example installedSizes("Package: jq\nStatus: install ok installed\nInstalled-Size: 120\n") ⇒ Map { "jq" => 122880 }
 */
export function installedSizes(status: string): Map<string, number> {
  return new Map(
    installedStanzas(status).flatMap((field): [string, number][] => {
      const [name, kibibytes] = [field("Package"), field("Installed-Size")]
      return name && kibibytes ? [[name, Number(kibibytes) * 1024]] : []
    }),
  )
}

/** Gives the fields of each installed package. */
function installedStanzas(status: string): ((key: string) => string | undefined)[] {
  return status
    .split("\n\n")
    .map((stanza) => (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(stanza)?.[1])
    .filter((field) => field("Status")?.endsWith(" installed"))
}
