import type { FileManifestEntry, FileManifest } from "./file-manifest.js"
import { archNeutral } from "./arch-neutral.js"
import type { InstalledPackage } from "../packages/dpkg-status.js"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"
import type { ParityArea, Tool } from "../report/report.js"

/** How an image is configured to run. */
export interface Configuration {
  user: string
  workdir: string
  entrypoint: readonly string[]
  defaultArguments: readonly string[]
  environment: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
}

/** The parts of one platform's image that are compared with the others. */
export interface ImageContents {
  platform: PlatformName
  configuration: Configuration
  packages: readonly InstalledPackage[]
  /** Names of the requested packages; the others are their dependencies. */
  requested: readonly string[]
  tools: readonly Pick<Tool, "name" | "version">[]
  /** Texts of /etc/passwd and /etc/group. */
  accounts: { passwd: string; group: string }
  /** Every path in the layers above the base and the packages. */
  files: FileManifest
}

/** One compared property of an image, and its value. */
export interface Fact {
  area: ParityArea
  /** In the platform's spelling. */
  name: string
  /** The property of a file. */
  aspect?: string
  /** The value for people. */
  shown: string
  /** Equal on two platforms if the values are. */
  same: string
  /** Equal on two platforms if the values only differ in the platforms' names. */
  archNeutral: string
}

/** All compared facts of one image. */
export function comparedFactsOf(image: ImageContents): Fact[] {
  const { platform, configuration, packages, tools, accounts, files } = image
  const { user, workdir, entrypoint, defaultArguments, environment, labels } = configuration
  const fact = (area: ParityArea, name: string, value: string): Fact => ({
    ...{ area, name, shown: value, same: value },
    archNeutral: archNeutral(value, platform),
  })
  return [
    ...packages.map((entry): Fact => ({
      ...fact("package", packageName(platform, entry), entry.version),
      same: entry.sourceVersion,
      archNeutral: entry.sourceVersion,
    })),
    ...tools.map(({ name, version }) => {
      const same = version.replace(/\+b\d+$/, "")
      return { ...fact("tool", name, version), same, archNeutral: same }
    }),
    fact("configuration", "user", user),
    fact("configuration", "workdir", workdir),
    fact("configuration", "entrypoint", JSON.stringify(entrypoint)),
    fact("configuration", "default arguments", JSON.stringify(defaultArguments)),
    ...Object.entries(environment).map(([name, value]) => fact("environment", name, value)),
    ...Object.entries(labels).map(([name, value]) => fact("label", name, value)),
    ...accountLines(accounts.passwd).map(([name, value]) => fact("account", `user ${name}`, value)),
    ...accountLines(accounts.group).map(([name, value]) => fact("account", `group ${name}`, value)),
    ...[...files].flatMap(([path, entry]) => fileFacts(platform, path, entry)),
  ]
}

/** Like dpkg, adds the architecture to the name of a package for another architecture, so that it is never taken for the platform's own. */
function packageName(platform: PlatformName, { name, architecture }: InstalledPackage): string {
  return [spelling(platform).debian, "all"].includes(architecture) ? name : `${name}:${architecture}`
}

/** Name, and the fields after the password, which is in another file. */
function accountLines(text: string): [name: string, value: string][] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", , ...rest] = line.split(":")
      return [name, rest.join(":")]
    })
}

/** The compared facts of a path. Machine code is compared by its target, not by its bytes. */
export function fileFacts(platform: PlatformName, path: string, entry: FileManifestEntry): Fact[] {
  const { type, mode, owner, target, xattrs, device, links, code, sha256 } = entry
  const fact = (aspect: string, shown: string | undefined, same = shown): Fact[] =>
    shown === undefined || same === undefined
      ? []
      : [{ area: "file", name: path, aspect, shown, same, archNeutral: archNeutral(same, platform) }]
  return [
    ...fact("type", type),
    ...fact("mode", mode),
    ...fact("owner", owner),
    ...fact("target", target, target === undefined ? undefined : archNeutral(target, platform)),
    ...fact("xattrs", xattrs),
    ...fact("device", device),
    // In an order that does not depend on the platform's name.
    ...fact("links", links, links === undefined ? undefined : archNeutral(links, platform).split(" ").sort().join(" ")),
    ...(code === undefined
      ? fact("content", sha256).map((content) => ({ ...content, archNeutral: entry.archNeutral ?? content.same }))
      : fact("code", ...codeOf(platform, code))),
  ]
}

/** The target of machine code, in words, and in words that are equal if it is for the platform itself. */
function codeOf(platform: PlatformName, code: string): [shown: string, same: string] {
  const elf = /^ELF (.+)$/.exec(code)?.[1]
  if (elf === undefined) return [code, code]
  const machine = PLATFORMS.find(
    (name) => `${String(spelling(name).elfClass)}/${String(spelling(name).elfMachine)}` === elf,
  )
  const shown = machine === undefined ? `for the machine ${elf}` : `for ${machine}`
  return [shown, machine === platform ? "for the platform" : shown]
}
