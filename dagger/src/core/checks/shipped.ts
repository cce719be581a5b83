import { installedPackages, optionalPackages, type InstalledPackage } from "../packages/dpkg-status.js"
import { spelling, type PlatformName } from "../platforms.js"
import type { FileCheck } from "../variants/findings.js"
import type { PackagedFile, RootfsScan } from "./rootfs-scan.js"

/** What a check found. */
export interface Finding {
  /** In the check's wording, which begins with the path. */
  text: string
  path: string
  /** Of a library that was not found. */
  missing?: RootfsScan["missing"][number]
}

/** The packages of an image, as its dpkg has them. */
export interface PackagesOfImage {
  installed: readonly InstalledPackage[]
  /** What each recommends or suggests. */
  optional: ReadonlyMap<string, readonly string[]>
}

/** @param status dpkg's status file */
export function packagesOfImage(status: string): PackagesOfImage {
  return { installed: installedPackages(status), optional: optionalPackages(status) }
}

/** What shows where paths of an image come from. */
export interface PackageEvidence extends PackagesOfImage {
  platform: PlatformName
  packaged: RootfsScan["packaged"]
}

/** Says why a finding is what the distribution ships; undefined if nothing proves that it is. */
type Origin = (finding: Finding, evidence: PackageEvidence) => string | undefined

/**
 * The kinds of findings that the distribution's packages bring, by check. Each demands proof that the path is as its package has it: what
 * was added or changed after unpacking stays a finding. What a package does on its own, such as `chmod` in a script, is no proof.
 */
const ORIGINS: Readonly<Partial<Record<FileCheck, Origin>>> = {
  // Firmware and tests for other machines, and keys that everybody can download.
  "elf/machine": unchangedFile,
  "elf/whole": unchangedFile,
  "files/secrets": unchangedFile,
  "elf/libraries": (finding, evidence) => ownLibrary(finding, evidence) ?? optionalLibrary(finding, evidence),
  "files/setuid": shippedMode,
  "files/writable": (finding, evidence) =>
    isStickyFolder(finding, evidence) ? shippedMode(finding, evidence) : undefined,
  "files/leftovers": (finding, evidence) => declaredLink(finding, evidence) ?? unchangedFile(finding, evidence),
}

/** Why a finding of a check is what the distribution ships; undefined if nothing proves that it is. */
export function shippedBecause(check: FileCheck, finding: Finding, evidence: PackageEvidence): string | undefined {
  return ORIGINS[check]?.(finding, evidence)
}

/** A file whose content is that of a package for the image's platform. */
function unchangedFile({ path }: Finding, evidence: PackageEvidence): string | undefined {
  const { debian } = spelling(evidence.platform)
  const owner = ownersOf(path, evidence).find(({ architecture }) => [debian, "all"].includes(architecture))
  return owner && `${owner.name} ships this file`
}

/** The packages that have a file with this content. */
function ownersOf(path: string, { packaged, installed }: PackageEvidence): InstalledPackage[] {
  const names = (packaged[path]?.packages ?? []).filter(({ unchanged }) => unchanged === true).map(({ name }) => name)
  return installed.filter(({ name }) => names.includes(name))
}

/**
 * A mode with which a package ships a file or folder, or of which it told dpkg-statoverride, which wins; or that tmpfiles.d declares for a
 * folder.
 */
function shippedMode({ path }: Finding, evidence: PackageEvidence): string | undefined {
  const facts = evidence.packaged[path]
  if (!facts) return undefined
  const { type, override, shipped, declared } = facts
  const owners = facts.packages.filter(({ unchanged }) => type === "folder" || (type === "file" && unchanged === true))
  const [owner] = owners
  if (override) return owner && isSame(override, facts) ? `${owner.name} registers this mode with dpkg` : undefined
  const shipper = shipped.find((entry) => owners.some(({ name }) => name === entry.package) && isSame(entry, facts))
  if (shipper) return `${shipper.package} ships it with this mode`
  const line = type === "folder" ? declared.find((entry) => isDeclaredFolder(entry.fields, facts)) : undefined
  return line && `${line.file} of ${line.package} declares this mode`
}

function isSame(one: Pick<PackagedFile, "mode" | "owner">, other: Pick<PackagedFile, "mode" | "owner">): boolean {
  return one.mode === other.mode && one.owner === other.owner
}

/** The types of tmpfiles.d(5), without modifiers, that give a folder its mode. */
const FOLDER_TYPES = ["d", "D", "e", "v", "q", "Q", "z"]

function isDeclaredFolder([type = "", , mode = "", user = "", group = ""]: readonly string[], facts: PackagedFile) {
  return (
    FOLDER_TYPES.includes(bare(type)) && isSame({ mode: mode.replace(/^0+/, ""), owner: `${user}:${group}` }, facts)
  )
}

/** A link to where tmpfiles.d declares that it leads. */
function declaredLink({ path }: Finding, { packaged }: PackageEvidence): string | undefined {
  const facts = packaged[path]
  const line = facts?.declared.find(
    ({ fields: [type = "", , , , , , target] }) =>
      facts.type === "link" && bare(type) === "L" && target !== undefined && target === facts.target,
  )
  return line && `${line.file} of ${line.package} declares this link`
}

/** @example bare("L+") ⇒ "L" */
function bare(type: string): string {
  return type.replace(/[^A-Za-z]/g, "")
}

/** Everybody may write there, and nobody may delete another's files. */
function isStickyFolder({ path }: Finding, { packaged }: PackageEvidence): boolean {
  const facts = packaged[path]
  return facts?.type === "folder" && (parseInt(facts.mode, 8) & 0o1000) !== 0
}

/**
 * A library of the package's own, or of one that it depends on, in the package's folder: its programs load it by its path before others ask
 * for it, as Java does.
 */
function ownLibrary({ path, missing }: Finding, evidence: PackageEvidence): string | undefined {
  const folder = privateFolder(path, evidence.platform)
  if (folder === undefined) return undefined
  for (const owner of ownersOf(path, evidence)) {
    const allowed = withDependencies(owner, evidence.installed)
    for (const library of missing?.elsewhere ?? []) {
      if (!library.startsWith(folder)) continue
      const provider = ownersOf(library, evidence).find((candidate) => allowed.has(candidate))
      if (provider) return `${provider.name} has it as ${library}, from where its own programs load it`
    }
  }
  return undefined
}

/**
 * The folder that a package's files have for themselves: the first one below those for libraries, data and add-ons.
 *
 * @example privateFolder("/usr/lib/jvm/java-21/lib/libawt.so", platform) ⇒ "/usr/lib/jvm/"
 */
function privateFolder(path: string, platform: PlatformName): string | undefined {
  const { triplet } = spelling(platform)
  const shared = [`/usr/lib/${triplet}/`, "/usr/lib/", "/usr/libexec/", "/usr/share/", "/opt/"]
  const above = shared.find((folder) => path.startsWith(folder))
  if (above === undefined) return undefined
  const [name, ...rest] = path.slice(above.length).split("/")
  return name !== undefined && rest.length > 0 ? `${above}${name}/` : undefined
}

/** A package, and all that it depends on. */
function withDependencies(
  wanted: InstalledPackage,
  installed: readonly InstalledPackage[],
  found = new Set<InstalledPackage>(),
): Set<InstalledPackage> {
  if (found.has(wanted)) return found
  found.add(wanted)
  for (const name of wanted.depends)
    for (const entry of installed)
      if (entry.name === name || entry.provides.includes(name)) withDependencies(entry, installed, found)
  return found
}

/**
 * A library of a package that the file's own package only recommends or suggests, and that is not installed: packages are installed with
 * what they depend on and no more. The file is a part in the package's own folder, without which the rest works; a program that everybody
 * starts has to find its libraries.
 */
function optionalLibrary({ path, missing }: Finding, evidence: PackageEvidence): string | undefined {
  if (!missing || missing.elsewhere || privateFolder(path, evidence.platform) === undefined) return undefined
  const there = new Set(evidence.installed.flatMap(({ name, provides }) => [name, ...provides]))
  for (const owner of ownersOf(path, evidence)) {
    const names = evidence.optional.get(owner.name) ?? []
    const optional = names.find((name) => !there.has(name) && isNamedAfter(name, missing.needs))
    if (optional !== undefined)
      return `${owner.name} does not depend on it: add ${optional} to \`packages\` if you need it`
  }
  return undefined
}

/**
 * Whether a package is named after a library, as Debian's policy demands (8.1): by its name and its version, then what told it from a former
 * package of that name.
 *
 * @example isNamedAfter("libharfbuzz0b", "libharfbuzz.so.0") ⇒ true; isNamedAfter("libgtk-3-0t64", "libgtk-3.so.0") ⇒ true
 */
export function isNamedAfter(name: string, library: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, "")
  const [, stem, version = ""] = /^(lib.+)\.so(?:\.(\d[\d.]*))?$/.exec(library) ?? []
  if (stem === undefined) return false
  const wanted = plain(`${stem}${version}`)
  const given = plain(name)
  return given.startsWith(wanted) && /^(?:[a-z][a-z0-9]{0,5})?$/.test(given.slice(wanted.length))
}
