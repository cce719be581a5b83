import { readdirSync, readFileSync } from "node:fs"

/** A process of a session. */
export interface SessionProcess {
  readonly pid: number
  readonly parent: number
  readonly group: number
}

/**
 * The living processes of a session, which is a program that was started detached with all it started itself. run.sh puts the listener
 * in a group of its own, so that the group of run.sh is not all there is.
 *
 * @param id the process id of the session's first process
 */
export function sessionProcesses(id: number): SessionProcess[] {
  const found: SessionProcess[] = []
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    // After the name, which may have anything in it, brackets too: state, parent, group, session.
    const [state, parent, group, session] = statOf(name)?.split(") ").at(-1)?.split(" ") ?? []
    if (Number(session) === id && state !== "Z")
      found.push({ pid: Number(name), parent: Number(parent), group: Number(group) })
  }
  return found
}

function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
  } catch {
    return undefined
  }
}

/** Sends a signal to a process, or with a negative number to a group. One that ended meanwhile needs none. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}
