import { sourceOf } from "./source-package.js"

/** A package as recorded by dpkg. */
export interface InstalledPackage {
  name: string
  version: string
  /** The name of its source package. */
  source: string
  /** The version of its source package: a rebuild for a single architecture, `+b1`, only changes the binary package's version. */
  sourceVersion: string
  /** Debian's name, or `all`. */
  architecture: string
  /** Names of its dependencies, including alternatives. */
  depends: string[]
  /** Other names that it satisfies. */
  provides: string[]
}

/**
 * The installed packages in dpkg's status file.
 *
 * @example installedPackages("Package: jq\nStatus: install ok installed\nArchitecture: all\nSource: jq (1.7.1-6)\nVersion: 1.7.1-6+b1\nDepends: libc6 (>= 2.38)\n")
 *   ⇒ [{ name: "jq", version: "1.7.1-6+b1", source: "jq", sourceVersion: "1.7.1-6", architecture: "all",
 *     depends: ["libc6"], provides: [] }]
 */
export function installedPackages(status: string): InstalledPackage[] {
  return installedStanzas(status).flatMap((field) => {
    const [name, version, architecture] = [field("Package"), field("Version"), field("Architecture")]
    if (!name || !version) return []
    const { name: source, version: sourceVersion } = sourceOf({ name, version }, field("Source"))
    const depends = [...packageNames(field("Pre-Depends")), ...packageNames(field("Depends"))]
    const provides = packageNames(field("Provides"))
    return [{ name, version, source, sourceVersion, architecture: architecture ?? "all", depends, provides }]
  })
}

/**
 * The packages that each installed package recommends or suggests, which are not installed with it.
 *
 * @example optionalPackages("Package: jq\nStatus: install ok installed\nSuggests: jq-doc, gron | yq\n") ⇒ Map { "jq" => ["jq-doc", "gron", "yq"] }
 */
export function optionalPackages(status: string): Map<string, string[]> {
  return new Map(
    installedStanzas(status).map((field) => [
      field("Package") ?? "",
      [...packageNames(field("Recommends")), ...packageNames(field("Suggests"))],
    ]),
  )
}

/**
 * The sizes of the installed packages, in bytes by name, from dpkg's status file: an estimate of their own files, without dependencies.
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

/** One field reader for each installed package. */
function installedStanzas(status: string): ((key: string) => string | undefined)[] {
  return status
    .split("\n\n")
    .map((stanza) => (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(stanza)?.[1])
    .filter((field) => field("Status")?.endsWith(" installed"))
}

/** @example packageNames("libc6 (>= 2.38), debconf (>= 0.5) | debconf-2.0, python3:any") ⇒ ["libc6", "debconf", "debconf-2.0", "python3"] */
export function packageNames(field = ""): string[] {
  return field.split(/[,|]/).flatMap((entry) => /^\s*([^\s(:]+)/.exec(entry)?.[1] ?? [])
}
