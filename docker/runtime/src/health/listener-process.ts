import { basename } from "node:path"
import { commandLineOf } from "../processes/command-line.js"
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
  const listeners = session === undefined ? [] : sessionProcesses(session).filter(({ pid }) => isListener(pid))
  if (listeners.length === 0) return "gone"
  return listeners.every(({ stopped }) => stopped) ? "stopped" : "running"
}

function isListener(pid: number): boolean {
  const names = commandLineOf(pid)
    .slice(0, FIRST_WORDS)
    .map((word) => basename(word))
  return names.includes(LISTENER) && !names.some((name) => SCRIPTS.includes(name))
}
