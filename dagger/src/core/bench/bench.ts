import type { InstallMethod } from "../report/report.js"
import { RunnerImagesError } from "../errors.js"
import type { Compression } from "../request/compression.js"
import type { PlatformName } from "../platforms.js"
import type { PackageSetRequest } from "../request/request.js"
import { closest } from "../suggest.js"
import type { VariantName } from "../variants/names.js"

/** What is measured: installing packages in five ways, and building images of them. */
export const ROWS = {
  native: "the engine's own platform, its own programs",
  accelerated: "the foreign platform, native binaries, their root unpacked again",
  both: "both platforms side by side, as a build does it",
  emulated: "the foreign platform, its own programs under emulation",
  dockerfile: "the foreign platform, docker/Dockerfile built by BuildKit",
  "build-cold": "images for both platforms, nothing cached: build, write, push",
  "build-warm": "the same again, nothing changed",
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
] as const satisfies readonly (readonly [RowName, RowName])[]

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
 * Reads names of rows.
 *
 * @param given undefined means all
 * @returns in the order in which they are measured, each once
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
      entry === "" ? "--rows has an empty entry." : `There is nothing to measure that is called "${entry}".`,
      meant ? `Did you mean ${meant}?` : choice,
    )
  }
  return ROW_NAMES.filter((name) => wanted.includes(name))
}

/** Reads the number of rounds. Throws RunnerImagesError USAGE when it is not a whole number from 1 on. */
export function parseRounds(given: string | undefined): number {
  if (given === undefined) return ROUNDS
  const rounds = /^\d{1,3}$/.test(given.trim()) ? Number(given) : 0
  if (rounds < 1 || rounds > MOST_ROUNDS)
    throw new RunnerImagesError(
      "USAGE",
      `--rounds "${given}" is not a whole number from 1 to ${String(MOST_ROUNDS)}.`,
      "Give how often each row is measured, as in --rounds 3.",
    )
  return rounds
}

/** One part of a run. Seconds since the run's beginning, and of its own. */
export interface PhaseTime {
  name: string
  start: number
  seconds: number
}

/** One measurement. */
export interface MeasuredRun {
  /** Wall seconds. */
  seconds: number
  /** By which the engine's cache grew meanwhile, in bytes: the most that the run had on disk, since nothing of it goes while it lasts. */
  diskBytes?: number
  /** In the order in which they ended. */
  phases: PhaseTime[]
  /** How the foreign platform's packages were installed in the end, and why not by native programs. */
  installMethod?: InstallMethod
  reason?: string
}

/** The middle of some numbers and how far they are apart. */
export interface Spread {
  median: number
  min: number
  max: number
}

export interface RowResult {
  row: RowName
  runs: MeasuredRun[]
  seconds: Spread
  /** Absent when the engine removed something of its cache meanwhile. */
  diskBytes?: Spread
}

export interface Ratio {
  of: RowName
  to: RowName
  /** Of each round's own ratio, so that what slowed a whole round down does not count. */
  ratio: Spread
}

/** One set of packages or one variant's images. */
export interface Subject {
  variant: VariantName
  /** The foreign platform whose packages are installed; absent where images for all platforms are built. */
  platform?: PlatformName
  /** Package files per platform. */
  packages?: Partial<Record<PlatformName, number>>
  /** Compressed size of each platform's image in bytes, as it is stored. */
  compressedBytes?: Partial<Record<PlatformName, number>>
  rows: RowResult[]
  ratios: Ratio[]
}

/** Where it was measured. */
export interface Machine {
  platform: PlatformName
  processors: number
  memoryBytes: number
  kernel: string
  /** Dagger's version. */
  engine: string
  /** What the kernel runs foreign programs with, as it calls itself; `unknown` where it cannot be asked. */
  emulator: string
}

/** The version changes when a reader of the old form would go wrong. */
export const BENCH_SCHEMA_VERSION = 2

export interface BenchReport {
  schemaVersion: typeof BENCH_SCHEMA_VERSION
  /** When it began, UTC. */
  began: string
  machine: Machine
  /** Packages beside the variants' own. */
  packages: string[]
  compression: Compression
  subjects: Subject[]
}

/** The median is the mean of the two in the middle when there is an even number. Of nothing there is none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  const low = sorted[Math.floor((sorted.length - 1) / 2)]
  const high = sorted[Math.floor(sorted.length / 2)]
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined || min === undefined || max === undefined)
    throw new Error("there is no median of nothing")
  return { median: (low + high) / 2, min, max }
}

/** Puts a row's runs together. */
export function rowResult(row: RowName, runs: MeasuredRun[]): RowResult {
  const disk = runs.flatMap(({ diskBytes }) => (diskBytes === undefined ? [] : [diskBytes]))
  return {
    row,
    runs,
    seconds: spreadOf(runs.map(({ seconds }) => seconds)),
    ...(disk.length === runs.length ? { diskBytes: spreadOf(disk) } : {}),
  }
}

/** The ratios that the rows allow. */
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

/** Each phase's usual beginning and length, in order of beginning. A phase that is not in every run is left out. */
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
