import { processStatus } from "../processes/process-status.js"
import type { RunnerSnapshot, RunnerState } from "./runner-state.js"
import { healthFacts } from "../health/health-facts.js"
import { type HealthReport, healthReport } from "../health/health-report.js"
import { type StateFile, stateText, writeState } from "../health/state-file.js"

export interface StateKeeperOptions {
  /** Undefined when there is nowhere to write. */
  readonly stateFolder: string | undefined
  readonly runnerFolder: string
  readonly startSeconds: number
  readonly registrationSkipped: boolean
}

/** Keeps the state file up to date with the runner's state, and reports its health inside of this process. */
export class StateKeeper {
  /** Without /proc the health check knows nothing in any case. */
  private readonly programStart = processStatus(process.pid)?.start ?? 0

  constructor(
    private readonly state: RunnerState,
    private readonly options: StateKeeperOptions,
  ) {
    this.write(state.snapshot)
    state.onChange((snapshot) => this.write(snapshot))
  }

  report(): HealthReport {
    return healthReport(healthFacts(this.file(this.state.snapshot), new Date()))
  }

  private write(snapshot: RunnerSnapshot): void {
    const { stateFolder } = this.options
    if (stateFolder === undefined) return
    try {
      writeState(stateFolder, this.file(snapshot))
    } catch {
      // A full disk is the job's doing, and no reason to end the job. The health check reports the last known state.
    }
  }

  private file({ phase, since, job, disconnected, listener }: RunnerSnapshot): StateFile {
    const { runnerFolder, startSeconds, registrationSkipped } = this.options
    return {
      phase,
      since: since.toISOString(),
      program: process.pid,
      programStart: this.programStart,
      listener,
      job: stateText(job),
      disconnected: stateText(disconnected),
      folder: runnerFolder,
      startSeconds,
      registrationSkipped,
    }
  }
}
