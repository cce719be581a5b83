import { join } from "node:path"
import { healthFacts } from "../health/health-facts.js"
import { healthReport } from "../health/health-report.js"
import { otherListenerCondition } from "../health/listener-process.js"
import { readState, type StateFile } from "../health/state-file.js"
import { stateFolders } from "../health/state-folder.js"
import { isOwnProgram } from "../processes/ancestors.js"
import { type ProcessStatus, processStatus } from "../processes/process-status.js"

/**
 * The image's health check: whether the runner in this container is registered and its listener runs. It loads next to nothing, since it
 * runs every half minute.
 *
 * @param users ids of users under whom the program may run
 * @param root the file system's, but for tests
 * @returns one line to print, and the exit code: 0 for healthy, 1 for not, also during the start
 */
export function health(users: readonly number[], root?: string): { output: string; exitCode: 0 | 1 } {
  const state = readState(users.flatMap((owner) => stateFolders(owner, root).map((folder) => ({ folder, owner }))))
  const program = state && programOf(state)
  if (!program) return withoutProgram(root)
  // Its state file is from before it was stopped, and may be outdated.
  if (program.stopped) return { output: "unhealthy: the program is stopped\n", exitCode: 1 }
  const { healthy, ready, reason } = healthReport(healthFacts(state, new Date()))
  const starting = !ready && !state.registrationSkipped && (state.phase === "starting" || state.phase === "registering")
  if (healthy && !starting) return { output: `healthy: ${reason}\n`, exitCode: 0 }
  // The container's start period allows for this; a start never counts as healthy.
  return { output: `${healthy ? "starting" : "unhealthy"}: ${reason}\n`, exitCode: 1 }
}

/** What can be told of a container in which this program does not run. */
function withoutProgram(root = "/"): { output: string; exitCode: 0 | 1 } {
  const condition = otherListenerCondition(join(root, "proc"))
  if (condition === "gone") return { output: "unhealthy: no runner was started here\n", exitCode: 1 }
  const reason = `the listener is ${condition}; another entry point started it`
  return condition === "running"
    ? { output: `healthy: ${reason}\n`, exitCode: 0 }
    : { output: `unhealthy: ${reason}\n`, exitCode: 1 }
}

/** The state of an earlier start may be left, and another process may have its id now. */
function programOf({ program, programStart }: StateFile): ProcessStatus | undefined {
  const status = processStatus(program)
  if (!status || status.ended || status.start !== programStart) return undefined
  return isOwnProgram(program) ? status : undefined
}
