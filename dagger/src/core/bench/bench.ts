import type { InstallMethod } from "../report/report.js"
import { RunnerImagesError } from "../errors.js"
import type { Compression } from "../request/compression.js"
import type { PlatformName } from "../platforms.js"
import type { PackageSetRequest } from "../request/request.js"
import { closest } from "../suggest.js"
import type { VariantName } from "../variants/names.js"

/** What is measured: five ways of installing packages, building images with them, and commands that have nothing new to do, as users start them. */
export const ROWS = {
  native: "the engine's own platform, with its own binaries",
  accelerated: "the foreign platform, with native binaries whose root is unpacked again",
  both: "both platforms in parallel, as in a build",
  emulated: "the foreign platform, with its own binaries under emulation",
  dockerfile: "the foreign platform, docker/Dockerfile built by BuildKit with INSTALL=emulated",
  "build-cold": "images for both platforms, nothing cached: build, write, push",
  "build-warm": "the same again, with nothing changed",
  start: "the command line, which prints its version",
  session: "an empty session with the engine",
  "up-to-date": "build, when its images are there and nothing changed",
  "build-forced": "build --force, with nothing changed",
  "call-build": "dagger call build with export, with nothing changed",
  "call-container": "dagger call container for the foreign platform, and uname in it, with nothing changed",
} as const
export type RowName = keyof typeof ROWS
const ROW_NAMES = Object.keys(ROWS) as RowName[]

/** Which rows are divided by which. */
const RATIOS = [
  ["accelerated", "native"],
  ["both", "native"],
  ["emulated", "accelerated"],
  ["emulated", "both"],
  ["dockerfile", "accelerated"],
  ["dockerfile", "emulated"],
  ["build-cold", "build-warm"],
  ["build-forced", "session"],
  ["call-build", "session"],
  ["call-container", "session"],
] as const satisfies readonly (readonly [RowName, RowName])[]

/** The rows that build images in this program. */
export const BUILD_ROWS = ["build-cold", "build-warm"] as const satisfies readonly RowName[]

/** The rows that are commands of their own. */
export const COMMAND_ROWS = [
  ...(["start", "session", "up-to-date", "build-forced"] as const),
  ...(["call-build", "call-container"] as const),
] as const satisfies readonly RowName[]
export type CommandRow = (typeof COMMAND_ROWS)[number]

const ROUNDS = 5
const MOST_ROUNDS = 100

/** What to measure, after validation. */
export interface BenchRequest extends PackageSetRequest {
  rows: RowName[]
  /** How often each row is measured. */
  rounds: number
  compression: Compression
}

/**
 * Parses the names of rows.
 *
 * @param given undefined means all
 * @returns each row once, in the order in which they are measured
 * @throws RunnerImagesError USAGE when one does not exist
 */
export function parseRows(given: readonly string[] | undefined): RowName[] {
  const choice = `Choose from ${ROW_NAMES.join(", ")}.`
  const wanted = given?.map((entry) => entry.trim().toLowerCase()) ?? ROW_NAMES
  for (const entry of wanted) {
    if (ROW_NAMES.some((name) => name === entry)) continue
    const meant = entry === "" ? undefined : closest(entry, ROW_NAMES)
    throw new RunnerImagesError(
      "USAGE",
      entry === "" ? "--rows has an empty entry." : `There is no measurement "${entry}".`,
      meant ? `Did you mean ${meant}?` : choice,
    )
  }
  return ROW_NAMES.filter((name) => wanted.includes(name))
}

/** Parses the number of rounds. Throws RunnerImagesError USAGE when it is not a whole number in range. */
export function parseRounds(given: string | undefined): number {
  if (given === undefined) return ROUNDS
  const rounds = /^\d{1,3}$/.test(given.trim()) ? Number(given) : 0
  if (rounds < 1 || rounds > MOST_ROUNDS)
    throw new RunnerImagesError(
      "USAGE",
      `--rounds "${given}" is not a whole number from 1 to ${String(MOST_ROUNDS)}.`,
      "Say how often to measure each row, as in --rounds 3.",
    )
  return rounds
}

/** One part of a run: its start in seconds since the run's beginning, and its duration. */
export interface PhaseTime {
  name: string
  start: number
  seconds: number
}

/** What Dagger's client sent to the engine. */
export interface Traffic {
  requests: number
  /** The queries' texts. */
  bytes: number
}

/** One measurement. */
export interface MeasuredRun {
  /** Wall seconds. */
  seconds: number
  /** Growth of the engine's cache during the run, in bytes: the run's peak disk use, because nothing of it is removed while it lasts. */
  diskBytes?: number
  /** Absent for a command of its own. */
  traffic?: Traffic
  /** In the order in which they ended. */
  phases: PhaseTime[]
  /** How the foreign platform's packages were finally installed, and why native binaries were not used. */
  installMethod?: InstallMethod
  reason?: string
}

/** The median of some numbers, and their range. */
export interface Spread {
  median: number
  min: number
  max: number
}

export interface RowResult {
  row: RowName
  runs: MeasuredRun[]
  seconds: Spread
  /** Absent for commands of their own. */
  requests?: Spread
  sentBytes?: Spread
  /** Absent if the engine pruned its cache during the run. */
  diskBytes?: Spread
}

export interface Ratio {
  of: RowName
  to: RowName
  /** Over the ratios of the rounds, so that a slow round affects both sides. */
  ratio: Spread
}

/** One set of packages or one variant's images. */
export interface Subject {
  variant: VariantName
  /** The foreign platform whose packages are installed; absent if images for all platforms are built. */
  platform?: PlatformName
  /** Package files per platform. */
  packages?: Partial<Record<PlatformName, number>>
  /** Compressed size of each platform's image, in bytes. */
  compressedBytes?: Partial<Record<PlatformName, number>>
  rows: RowResult[]
  ratios: Ratio[]
}

/** The machine on which it was measured. */
export interface Machine {
  platform: PlatformName
  processors: number
  memoryBytes: number
  kernel: string
  /** Dagger's version. */
  engine: string
  /** The kernel's interpreter for foreign programs, by its own name and version; `unknown` if it does not tell. */
  emulator: string
}

/** The version changes when a reader of the old format would misread the new. */
export const BENCH_SCHEMA_VERSION = 3

export interface BenchReport {
  schemaVersion: typeof BENCH_SCHEMA_VERSION
  /** When the benchmark began, UTC. */
  began: string
  machine: Machine
  /** Packages in addition to the variants' own. */
  packages: string[]
  compression: Compression
  subjects: Subject[]
}

/** With an even number of values, the median is the mean of the middle two. Throws an Error without any value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  const high = sorted[Math.floor(sorted.length / 2)]
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined || min === undefined || max === undefined)
    throw new Error("no values have no median")
  return { median: (low + high) / 2, min, max }
}

/** Summarizes a row's runs. */
export function rowResult(row: RowName, runs: MeasuredRun[]): RowResult {
  const traffic = runs.flatMap((run) => run.traffic ?? [])
  const disk = runs.flatMap(({ diskBytes }) => (diskBytes === undefined ? [] : [diskBytes]))
  return {
    row,
    runs,
    seconds: spreadOf(runs.map(({ seconds }) => seconds)),
    ...(traffic.length === runs.length
      ? {
          requests: spreadOf(traffic.map(({ requests }) => requests)),
          sentBytes: spreadOf(traffic.map(({ bytes }) => bytes)),
        }
      : {}),
    ...(disk.length === runs.length ? { diskBytes: spreadOf(disk) } : {}),
  }
}

/** The ratios between the measured rows. */
export function ratiosOf(rows: readonly RowResult[]): Ratio[] {
  return RATIOS.flatMap(([of, to]) => {
    const above = rows.find(({ row }) => row === of)
    const below = rows.find(({ row }) => row === to)
    if (!above || !below) return []
    const each = above.runs.flatMap(({ seconds }, round) => {
      const other = below.runs[round]
      return other ? [seconds / other.seconds] : []
    })
    return [{ of, to, ratio: spreadOf(each) }]
  })
}

/** Each phase's median start and duration, in order of start. A phase that is not in every run is left out. */
export function usualPhases({ runs }: RowResult): PhaseTime[] {
  const names = new Set(runs.flatMap(({ phases }) => phases.map(({ name }) => name)))
  return [...names]
    .flatMap((name): PhaseTime[] => {
      const found = runs.flatMap(({ phases }) => phases.find((phase) => phase.name === name) ?? [])
      if (found.length < runs.length) return []
      return [
        {
          name,
          start: spreadOf(found.map(({ start }) => start)).median,
          seconds: spreadOf(found.map(({ seconds }) => seconds)).median,
        },
      ]
    })
    .sort((one, other) => one.start - other.start)
}
