import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { sessionProcesses } from "../runner/session.js"

/** The runner's program, by this name on every platform. Its scripts live on when it is gone, so that they do not count. */
const LISTENER = "Runner.Listener"

/**
 * Whether the listener runs, which is a process of the session that run.sh is the first of.
 *
 * @param session undefined: there is none
 */
export function isListenerAlive(session: number | undefined): boolean {
  return session !== undefined && sessionProcesses(session).some(({ pid }) => isListener(pid))
}

function isListener(pid: number): boolean {
  // A program, or an interpreter's first argument.
  const [program = "", script = ""] = commandLine(pid)
  return basename(program) === LISTENER || basename(script) === LISTENER
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").split("\0")
  } catch {
    return []
  }
}
