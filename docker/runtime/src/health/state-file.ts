import { lstatSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import { printable } from "../files/printable.js"
import { readUntrustedSync, replaceFileSync } from "../files/untrusted-file.js"
import { NEXT_PHASES, type Phase } from "../phase.js"

/** What the running program records for `health`, which is another process. */
export interface StateFile {
  readonly phase: Phase
  /** When the phase began: ISO 8601. */
  readonly since: string
  /** This program's process id. */
  readonly program: number
  /** When it started, as ProcessStatus has it: a later process with its id is another one. */
  readonly programStart: number
  /** The process id of run.sh, which is its session's as well. */
  readonly listener?: number | undefined
  readonly job?: string | undefined
  readonly disconnected?: string | undefined
  /** The runner's folder, once there is one. */
  readonly folder?: string | undefined
  readonly startSeconds: number
  readonly registrationSkipped: boolean
  /** The program is a broker, which has no runner. */
  readonly broker?: boolean | undefined
}

/** Where a state may be, and who has to own it. */
export interface StatePlace {
  readonly folder: string
  readonly owner: number
}

const NAME = "state.json"

/** A state with the longest texts, each of whose characters takes several bytes. */
const LIMIT = 64 * 1024

/** Characters of a job's name, and of why there is no connection: the runner's own words, and so a job's. */
const TEXT = 256

/** PATH_MAX */
const PATH = 4096

/** A text for a state, of a length that leaves the file readable. */
export function stateText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text, TEXT)
}

/** Replaces the file in one step, so that nobody reads half of it. */
export function writeState(folder: string, state: StateFile): void {
  replaceFileSync(join(folder, NAME), `${JSON.stringify(state)}\n`)
}

/**
 * The first state that is found, or undefined. A job can write anything there, and root reads it: what is not of the right form, or not in a
 * file as the program creates it, is ignored.
 */
export function readState(places: readonly StatePlace[]): StateFile | undefined {
  for (const { folder, owner } of places) {
    try {
      const stats = lstatSync(folder)
      if (!stats.isDirectory() || stats.uid !== owner) continue
      const state = parseState(JSON.parse(readUntrustedSync(join(folder, NAME), { bytes: LIMIT, owner })))
      if (state) return state
    } catch {
      continue
    }
  }
  return undefined
}

/** By hand: a library for it would take the time and the memory that a check every half minute does not have. */
function parseState(json: unknown): StateFile | undefined {
  if (typeof json !== "object" || json === null) return undefined
  const {
    phase,
    since,
    program,
    programStart,
    listener,
    job,
    disconnected,
    folder,
    startSeconds,
    registrationSkipped,
    broker,
  } = json as Partial<Record<keyof StateFile, unknown>>
  if (!isPhase(phase) || !isTime(since) || !isProcess(program) || !isCount(programStart)) return undefined
  if (listener !== undefined && !isProcess(listener)) return undefined
  if (!isOptionalText(job) || !isOptionalText(disconnected)) return undefined
  if (!isOptionalText(folder) || (folder !== undefined && !(isAbsolute(folder) && folder.length <= PATH)))
    return undefined
  if (!isCount(startSeconds) || typeof registrationSkipped !== "boolean") return undefined
  if (broker !== undefined && typeof broker !== "boolean") return undefined
  return {
    phase,
    since,
    program,
    programStart,
    listener,
    job: stateText(job),
    disconnected: stateText(disconnected),
    folder,
    startSeconds,
    registrationSkipped,
    broker,
  }
}

function isPhase(value: unknown): value is Phase {
  return typeof value === "string" && Object.hasOwn(NEXT_PHASES, value)
}

/** As Date.toISOString writes it. */
function isTime(value: unknown): value is string {
  return (
    typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  )
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
}

/** The numbers of processes fit into 32 bits. */
function isProcess(value: unknown): value is number {
  return isCount(value) && value > 0 && value < 2 ** 31
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string"
}
