import { basename } from "node:path"
import { commandLineOf } from "../processes/command-line.js"
import { sessionProcesses } from "../runner/session.js"

/** `stopped`: a signal stopped it, so that it takes no job and ends none. */
export type ListenerCondition = "running" | "stopped" | "gone"

/** The runner's program, by this name on every platform. Its scripts live on when it is gone, so that they do not count. */
const LISTENER = "Runner.Listener"

/** They are told what to start, too. */
const SCRIPTS = ["run.sh", "run-helper.sh"]

/** It is the program, or an interpreter's first argument; an emulator has its own name and the program's path before that. */
const FIRST_WORDS = 4

/**
 * How the listener is, which is a process of the session that run.sh is the first of.
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
