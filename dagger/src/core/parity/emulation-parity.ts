import type { InstallMethod } from "../report/report.js"
import { parseChoice } from "../text/choice.js"
import { RunnerImagesError } from "../errors.js"
import type { AllowedDifference, Difference } from "./file-manifest.js"
import { PACKAGE_NAME } from "../text/package-name.js"
import type { PlatformName } from "../platforms.js"
import { printable } from "../text/printable.js"
import type { PackageSetRequest } from "../request/request.js"
import type { VariantName } from "../variants/names.js"

/** What is compared: the platforms' images with each other, or packages installed with native binaries with the same under emulation. */
export const AGAINST = ["platforms", "emulated"] as const
export type Against = (typeof AGAINST)[number]

/** The layers of the accelerated installation may be this much larger than those of the emulated one. */
export const GROWTH_LIMIT = 0.01

/** The most paths that a failure's message names; the report has all. */
const NAMED_PATHS = 20

/** What is to be compared, after validation. */
export interface ParityRequest extends PackageSetRequest {
  against: Exclude<Against, "platforms">
}

/**
 * Parses what to compare with; the default is the platforms with each other.
 *
 * @throws RunnerImagesError USAGE when it is not one of AGAINST
 */
export function parseAgainst(given: string | undefined): Against {
  return parseChoice(given, {
    option: "against",
    words: AGAINST,
    code: "USAGE",
    noun: "a valid comparison",
  })
}

/**
 * Parses package names. Whether the archive has them is checked later.
 *
 * @throws RunnerImagesError USAGE when one is not a valid package name, or is given twice
 */
export function parsePackages(given: readonly string[] | undefined): string[] {
  const names = (given ?? []).map((name) => name.trim())
  for (const [index, name] of names.entries()) {
    if (!PACKAGE_NAME.test(name))
      throw new RunnerImagesError(
        "USAGE",
        name === "" ? "--packages has an empty entry." : `"${name}" is not a valid package name.`,
        "Give names of the distribution's packages, comma-separated, without versions.",
      )
    if (names.indexOf(name) !== index)
      throw new RunnerImagesError("USAGE", `--packages names ${name} twice.`, "Name each package once.")
  }
  return names
}

/** One method of installing the packages, and what it added to the base. */
export interface InstallMethodReport {
  /** The method that was finally used. */
  installMethod: InstallMethod
  /** Why native binaries were not used. */
  reason?: string
  /** Wall seconds; cached steps take almost none. */
  seconds: number
  /** The layers above the base, with sizes in bytes: unpacked, and as a registry stores them. */
  layers: { name: string; bytes: number; compressedBytes: number }[]
}

/** The results of `parity` for one variant on one platform. The version changes when a reader of the old format would misread the new. */
export const PARITY_SCHEMA_VERSION = 2

export interface ParityReport {
  schemaVersion: typeof PARITY_SCHEMA_VERSION
  variant: VariantName
  platform: PlatformName
  against: ParityRequest["against"]
  /** Number of installed package files. */
  packages: number
  /** Number of compared paths: all that either root has. */
  paths: number
  accelerated: InstallMethodReport
  emulated: InstallMethodReport
  /** Size of the accelerated installation's layers divided by the other's. */
  ratio: LayerSizes
  /** Paths that differ: their values under emulation, then with native binaries. */
  differences: Difference[]
  /** Differences that the allow-list suppresses. */
  suppressed: Difference[]
  /** Allow-list entries that suppressed nothing: other package sets may need them. */
  unused: AllowedDifference[]
}

export interface LayerSizes {
  bytes: number
  compressedBytes: number
}

/** The total size of an installation's layers. */
export function sizesOf({ layers }: InstallMethodReport): LayerSizes {
  return {
    bytes: layers.reduce((sum, layer) => sum + layer.bytes, 0),
    compressedBytes: layers.reduce((sum, layer) => sum + layer.compressedBytes, 0),
  }
}

/** The first's sizes divided by the second's, to four decimal places. */
export function ratioOf(one: InstallMethodReport, other: InstallMethodReport): LayerSizes {
  const [above, below] = [sizesOf(one), sizesOf(other)]
  const ratio = (key: keyof LayerSizes) => Math.round((above[key] / below[key]) * 10_000) / 10_000
  return { bytes: ratio("bytes"), compressedBytes: ratio("compressedBytes") }
}

/** Why the two installations are not equal, one reason per line; empty if they are. */
export function parityFailures(report: ParityReport): string[] {
  const { accelerated, emulated, differences, ratio } = report
  const where = `${report.variant} ${report.platform}`
  const failures: string[] = []
  if (accelerated.installMethod !== "accelerated")
    failures.push(
      `the packages were not installed with native binaries: ${accelerated.reason ?? accelerated.installMethod}`,
    )
  if (emulated.installMethod !== "emulated")
    failures.push(`the reference was not installed under emulation: ${emulated.installMethod}`)
  failures.push(...differences.slice(0, NAMED_PATHS).map(differenceText))
  if (differences.length > NAMED_PATHS)
    failures.push(`and ${String(differences.length - NAMED_PATHS)} more paths differ`)
  for (const [key, what] of [
    ["bytes", "layers"],
    ["compressedBytes", "compressed layers"],
  ] as const)
    // Written this way round so that NaN fails.
    if (!(ratio[key] <= 1 + GROWTH_LIMIT))
      failures.push(
        `the ${what} from native binaries are ${String(ratio[key])} times as large as emulation's; the limit is ${String(1 + GROWTH_LIMIT)}`,
      )
  return failures.map((failure) => `${where}: ${failure}`)
}

/** @example differenceText(…) ⇒ "/etc/crontab: mode 644 emulated, 600 accelerated" */
export function differenceText({ path, fields }: Difference): string {
  const parts = Object.entries(fields).map(
    ([field, [expected, actual]]) => `${field} ${expected ?? "none"} emulated, ${actual ?? "none"} accelerated`,
  )
  return printable(`${path}: ${parts.join("; ")}`)
}

/** @throws RunnerImagesError PARITY_DIFFERS with every reason for which the two installations differ */
export function assertParity(reports: readonly ParityReport[]): void {
  const failures = reports.flatMap(parityFailures)
  if (failures.length === 0) return
  throw new RunnerImagesError(
    "PARITY_DIFFERS",
    `${PARITY_DIFFERS_PROBLEM}\n  ${failures.join("\n  ")}\n`,
    PARITY_DIFFERS_REMEDY,
  )
}

export const PARITY_DIFFERS_PROBLEM = "Native binaries and emulation do not produce the same files."
export const PARITY_DIFFERS_REMEDY =
  "Fix the difference in dagger/scripts/accelerate, or in clean-root.sh if two emulated runs also differ."
