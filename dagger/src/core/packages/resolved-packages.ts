import { RunnerImagesError } from "../errors.js"
import type { LockedPackage } from "../report/report.js"
import { packageNames } from "./dpkg-status.js"

/** A package file in the archive, as apt resolved it. */
export interface ArchivedPackage extends LockedPackage {
  uri: string
  /** apt's name for the downloaded file. */
  file: string
  /** Bytes. */
  size: number
}

/**
 * Parses the output of `apt-get --print-uris` with SHA-256 forced.
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
          `apt printed a package in an unknown format: ${line}`,
          "The archive's Packages file must have SHA-256 checksums.",
        )
      return { name, version: decodeURIComponent(version), sha256, uri, file, size: Number(size) }
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** Control fields of a package file. */
export interface PackageControl {
  file: string
  name: string
  /** Whether it runs maintainer scripts when it is installed. */
  hasScripts: boolean
  /** Names of its pre-dependencies, without which it cannot even be unpacked, including alternatives. */
  preDepends: string[]
  depends: string[]
  provides: string[]
}

/** Parses the output of `control.sh`: file, package, number of scripts, Pre-Depends, Depends and Provides, separated by tabs. */
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

/**
 * The package files that take part in running scripts: those that have scripts, and all that these may rely on, which by Debian's policy
 * are their dependencies. The others only contain files.
 *
 * @param installed names of installed packages: a package that replaces one counts as well
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
    // dpkg unpacks a package only after its pre-dependencies are configured.
    if (entry.hasScripts || entry.preDepends.length > 0 || installed.has(entry.name)) want(entry)
  return packages.filter((entry) => wanted.has(entry)).map(({ file }) => file)
}

/** The package that apt did not find, or that has no installable version. */
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
