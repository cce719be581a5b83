import type { Log } from "../log.js"
import type { Removal } from "../github/registered-runner.js"
import type { Listener } from "../runner/listener.js"
import type { RunnerState } from "./runner-state.js"
import type { StopRequest } from "../processes/stop-request.js"

/** What the supervisor works with. */
export interface RunnerParts {
  readonly state: RunnerState
  readonly stop: StopRequest
  readonly log: Log
  /** Starts the listener of the configured runner. */
  readonly start: () => Promise<Listener>
  /** How the runner deregisters; undefined if it is to stay on GitHub's list. */
  readonly leave: Leave | undefined
  /** The runner does one job and deregisters by itself. */
  readonly ephemeral: boolean
  /** Removes the runner's configuration from this machine. */
  readonly forget: () => void
  readonly times: StopTimes
}

export interface Leave {
  /** @throws {RuntimeFailure} and the signal's reason, as the broker */
  readonly deregister: (signal: AbortSignal) => Promise<Removal>
  /** GitHub can be asked while the listener runs, and refuses while there is a job. Without credentials, only files can be removed. */
  readonly asksGitHub: boolean
}

/** Milliseconds. */
export interface StopTimes {
  /** Time for a running job to end. */
  readonly grace: number
  /** After SIGINT the listener cancels its job and reports that. */
  readonly interrupt: number
  /** After SIGTERM. */
  readonly terminate: number
  /** For leaving GitHub's list. */
  readonly removal: number
  /** For each of them in a hurry. */
  readonly hurried: number
  /** Before GitHub is asked again whether it lets the runner go. */
  readonly again: number
}

const SECOND = 1000

/** @param gracefulStopSeconds RUNNER_GRACEFUL_STOP_TIMEOUT */
export function stopTimes(gracefulStopSeconds: number): StopTimes {
  return {
    grace: gracefulStopSeconds * SECOND,
    interrupt: 30 * SECOND,
    terminate: 5 * SECOND,
    removal: 30 * SECOND,
    hurried: 5 * SECOND,
    again: SECOND,
  }
}
