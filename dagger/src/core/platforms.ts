import { RunnerImagesError } from "./errors.js"
import { closest } from "./suggest.js"

/**
 * The platform table: the only place that names an architecture. Everything else takes the spelling it needs from here.
 * `elfMachine` is e_machine of the ELF specification.
 */
const TABLE = {
  "linux/amd64": {
    aliases: [],
    arch: "amd64",
    debian: "amd64",
    uname: "x86_64",
    vendor: "x64",
    gnu: "x86_64",
    triplet: "x86_64-linux-gnu",
    chromeForTesting: "linux64",
    ubuntuArchive: "http://archive.ubuntu.com/ubuntu",
    elfMachine: 62,
    elfClass: 64,
    raceDetector: true,
  },
  "linux/arm64": {
    aliases: ["linux/arm64/v8"],
    arch: "arm64",
    debian: "arm64",
    uname: "aarch64",
    vendor: "arm64",
    gnu: "aarch64",
    triplet: "aarch64-linux-gnu",
    chromeForTesting: "linux-arm64",
    ubuntuArchive: "http://ports.ubuntu.com/ubuntu-ports",
    elfMachine: 183,
    elfClass: 64,
    raceDetector: true,
  },
} as const

/** A platform that images are built for, as OCI spells it. */
export type PlatformName = keyof typeof TABLE

/** How the tools and vendors of this field spell one platform. */
export interface PlatformSpelling {
  /** Other full spellings that mean the same platform. */
  aliases: readonly string[]
  /** OCI and Go: `amd64`, `arm64`. */
  arch: string
  /** Debian's architecture. */
  debian: string
  /** What `uname -m` prints. */
  uname: string
  /** The Actions runner, Node.js and npm: `x64`, `arm64`. */
  vendor: string
  /** Docker's static builds and compose: `x86_64`, `aarch64`. */
  gnu: string
  /** Debian's multiarch triplet. */
  triplet: string
  /** Chrome for Testing's folder name. */
  chromeForTesting: string
  /** Where Ubuntu's packages are. */
  ubuntuArchive: string
  elfMachine: number
  elfClass: number
  /** Whether Go has a race detector for it. */
  raceDetector: boolean
}

export const PLATFORMS = Object.keys(TABLE) as PlatformName[]

export function spelling(platform: PlatformName): PlatformSpelling {
  return TABLE[platform]
}

/** The architecture part of a platform, as file names use it. `archOf("linux/arm64")` ⇒ `"arm64"` */
export function archOf(platform: PlatformName): string {
  return TABLE[platform].arch
}

/** The platform whose Node.js architecture name is given (`process.arch`). */
export function platformOfNodeArch(arch: string): PlatformName | undefined {
  return PLATFORMS.find((platform) => TABLE[platform].vendor === arch)
}

/**
 * A platform of an OCI document as text. What this table does not have is kept as it is.
 *
 * @example platformText({ os: "linux", architecture: "riscv64" }) ⇒ "linux/riscv64"
 */
export function platformText(given: { os: string; architecture: string; variant?: string | undefined }): string {
  return knownPlatform([given.os, given.architecture, ...(given.variant ? [given.variant] : [])].join("/"))
}

/** A platform as this table spells it, if one of its aliases is given; anything else as it is. */
export function knownPlatform(text: string): string {
  return PLATFORMS.find((platform) => spelling(platform).aliases.includes(text)) ?? text
}

/**
 * Reads platforms as a user writes them. The table's aliases, which come from the OCI specification, are accepted.
 *
 * @param given one entry per platform, or undefined for all
 * @throws RunnerImagesError PLATFORM_INVALID when one is unknown, empty or given twice
 */
export function parsePlatforms(given: readonly string[] | undefined): PlatformName[] {
  if (given === undefined) return [...PLATFORMS]
  const choice = `Choose from ${PLATFORMS.join(", ")}.`
  if (given.length === 0 || given.every((entry) => entry.trim() === ""))
    throw new RunnerImagesError("PLATFORM_INVALID", "--platforms is empty.", choice)
  const parsed = given.map((entry) => parsePlatform(entry, choice))
  const twice = parsed.find((platform, index) => parsed.indexOf(platform) !== index)
  if (twice)
    throw new RunnerImagesError("PLATFORM_INVALID", `--platforms names ${twice} twice.`, "Name each platform once.")
  return parsed
}

function parsePlatform(entry: string, choice: string): PlatformName {
  const wanted = entry.trim().toLowerCase()
  if (wanted === "") throw new RunnerImagesError("PLATFORM_INVALID", "--platforms has an empty entry.", choice)
  const found = PLATFORMS.find((platform) => platform === wanted || spelling(platform).aliases.includes(wanted))
  if (found) return found
  const bare = PLATFORMS.find((platform) => [spelling(platform).arch, spelling(platform).uname].includes(wanted))
  const meant = bare ?? closest(wanted.includes("/") ? wanted : `linux/${wanted}`, PLATFORMS)
  throw new RunnerImagesError(
    "PLATFORM_INVALID",
    `"${entry}" is not a platform that images are built for.`,
    meant ? `Did you mean ${meant}?` : choice,
  )
}
