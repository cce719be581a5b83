import { liveProcesses, type ProcessStatus } from "../processes/process-status.js"

/**
 * The live processes of a session, which is a program that was started detached, with everything that it started. run.sh puts the listener
 * in a group of its own, so the group of run.sh does not contain all.
 *
 * @param id the process id of the session's first process
 */
export function sessionProcesses(id: number): ProcessStatus[] {
  return liveProcesses().filter(({ session }) => session === id)
}

/** Sends a signal to a process, or with a negative number to a group. One that has ended meanwhile is ignored. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}
