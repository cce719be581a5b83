import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { sessionProcesses } from "../runner/session.js"

/** The runner's program, by this name on every platform. Its scripts live on when it is gone, so that they do not count. */
const LISTENER = "Runner.Listener"

/** They are told what to start, too. */
const SCRIPTS = ["run.sh", "run-helper.sh"]

/** It is the program, or an interpreter's first argument; an emulator has its own name and the program's path before that. */
const FIRST_WORDS = 4

/**
 * Whether the listener runs, which is a process of the session that run.sh is the first of.
 *
 * @param session undefined: there is none
 */
export function isListenerAlive(session: number | undefined): boolean {
  return session !== undefined && sessionProcesses(session).some(({ pid }) => isListener(pid))
}

function isListener(pid: number): boolean {
  const names = commandLine(pid)
    .slice(0, FIRST_WORDS)
    .map((word) => basename(word))
  return names.includes(LISTENER) && !names.some((name) => SCRIPTS.includes(name))
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").split("\0")
  } catch {
    return []
  }
}
