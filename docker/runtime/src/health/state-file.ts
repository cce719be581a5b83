import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Phase } from "../phase.js"

/** What the running program writes down for `health`, which is another process. */
export interface StateFile {
  readonly phase: Phase
  /** When the phase began: ISO 8601. */
  readonly since: string
  /** This program's process id. */
  readonly program: number
  /** The process id of run.sh, which is its session's as well. */
  readonly listener?: number | undefined
  readonly job?: string | undefined
  readonly disconnected?: string | undefined
  /** The runner's folder, once there is one. */
  readonly folder?: string | undefined
  readonly startSeconds: number
  readonly registrationSkipped: boolean
}

const NAME = "state.json"

/** Replaces the file in one step, so that nobody reads half of it. */
export function writeState(folder: string, state: StateFile): void {
  const path = join(folder, NAME)
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o644 })
  renameSync(`${path}.new`, path)
}

/** The first state that is found, or undefined. */
export function readState(folders: readonly string[]): StateFile | undefined {
  for (const folder of folders) {
    try {
      // Written by this program; the health check has no time to make sure.
      return JSON.parse(readFileSync(join(folder, NAME), "utf8")) as StateFile
    } catch {
      continue
    }
  }
  return undefined
}
