import { basename } from "node:path"
import { ancestorsOf, isOwnProgram } from "../processes/ancestors.js"
import { commandLineOf } from "../processes/command-line.js"
import { liveProcesses, type ProcessStatus } from "../processes/process-status.js"
import { sessionProcesses } from "../runner/session.js"

/** `stopped`: a signal stopped it, so that it takes no job and ends none. */
export type ListenerCondition = "running" | "stopped" | "gone"

/** The runner's program has this name on every platform. Its scripts outlive it, so they do not count. */
const LISTENER = "Runner.Listener"

/** Their arguments contain the program's name, too. */
const SCRIPTS = ["run.sh", "run-helper.sh"]

/** It is the program, or an interpreter's first argument; an emulator has its own name and the program's path before that. */
const FIRST_WORDS = 4

/**
 * The condition of the listener, a process of the session whose first process is run.sh.
 *
 * @param session undefined: there is none
 */
export function listenerCondition(session: number | undefined): ListenerCondition {
  return session === undefined ? "gone" : conditionOf(sessionProcesses(session))
}

/**
 * The condition of a listener that nothing of this program started: the container has another entry point, as in a pod of the Actions Runner
 * Controller. One below this program is judged by the program's state, which a job may have replaced.
 *
 * @param proc where the kernel lists processes, but for tests
 */
export function otherListenerCondition(proc?: string): ListenerCondition {
  return conditionOf(liveProcesses(proc).filter(({ pid }) => !ancestorsOf(pid).some(isOwnProgram)))
}

function conditionOf(processes: readonly ProcessStatus[]): ListenerCondition {
  const listeners = processes.filter(({ pid }) => isListener(pid))
  if (listeners.length === 0) return "gone"
  return listeners.every(({ stopped }) => stopped) ? "stopped" : "running"
}

function isListener(pid: number): boolean {
  const names = commandLineOf(pid)
    .slice(0, FIRST_WORDS)
    .map((word) => basename(word))
  return names.includes(LISTENER) && !names.some((name) => SCRIPTS.includes(name))
}
