import type { FileManifestEntry, FileManifest } from "./file-manifest.js"
import { archNeutral } from "./arch-neutral.js"
import type { InstalledPackage } from "../packages/dpkg-status.js"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"
import type { ParityArea, Tool } from "../report/report.js"

/** How an image says that it is to be run. */
export interface Configuration {
  user: string
  workdir: string
  entrypoint: readonly string[]
  defaultArguments: readonly string[]
  environment: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
}

/** What of one platform's image is compared with the others. */
export interface ImageContents {
  platform: PlatformName
  configuration: Configuration
  packages: readonly InstalledPackage[]
  /** Names of the packages that were asked for; the others came with these. */
  requested: readonly string[]
  tools: readonly Pick<Tool, "name" | "version">[]
  /** Texts of /etc/passwd and /etc/group. */
  accounts: { passwd: string; group: string }
  /** Every path of the layers that are neither the base's nor of packages. */
  files: FileManifest
}

/** One thing that an image has, and what it is like. */
export interface Fact {
  area: ParityArea
  /** As the platform calls it. */
  name: string
  /** What of a file. */
  aspect?: string
  /** For people. */
  shown: string
  /** Equal on two platforms when the thing is. */
  same: string
  /** Equal on two platforms when the thing differs by the platforms' names alone. */
  archNeutral: string
}

/** Everything that is compared of one image. */
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

/** A package for another architecture than the image's is called by it as well, as dpkg does, and so is none of the platform's own. */
function packageName(platform: PlatformName, { name, architecture }: InstalledPackage): string {
  return [spelling(platform).debian, "all"].includes(architecture) ? name : `${name}:${architecture}`
}

/** Name and what comes after the password, which is in another file. */
function accountLines(text: string): [name: string, value: string][] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", , ...rest] = line.split(":")
      return [name, rest.join(":")]
    })
}

/** What is compared of a path. Of machine code that is what it is for, but not its bytes. */
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
    // In an order that does not depend on how the platform is called.
    ...fact("links", links, links === undefined ? undefined : archNeutral(links, platform).split(" ").sort().join(" ")),
    ...(code === undefined
      ? fact("content", sha256).map((content) => ({ ...content, archNeutral: entry.archNeutral ?? content.same }))
      : fact("code", ...codeOf(platform, code))),
  ]
}

/** What machine code is for, in words, and in words that are equal where it is for the platform itself. */
function codeOf(platform: PlatformName, code: string): [shown: string, same: string] {
  const elf = /^ELF (.+)$/.exec(code)?.[1]
  if (elf === undefined) return [code, code]
  const machine = PLATFORMS.find(
    (name) => `${String(spelling(name).elfClass)}/${String(spelling(name).elfMachine)}` === elf,
  )
  const shown = machine === undefined ? `for the machine ${elf}` : `for ${machine}`
  return [shown, machine === platform ? "for the platform" : shown]
}
