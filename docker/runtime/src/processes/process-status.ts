import { readdirSync, readFileSync } from "node:fs"

/** What the kernel tells everybody about a process, even about one that is not dumpable. */
export interface ProcessStatus {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
  /** It ended, and its parent has not collected it yet. */
  readonly ended: boolean
  /** A signal or a debugger stopped it: it does nothing until it is continued. */
  readonly stopped: boolean
  /** When it started, in clock ticks since the machine did. With the id it names one process and no later one. */
  readonly start: number
}

/**
 * A process as proc_pid_stat(5) has it.
 *
 * @returns undefined when there is none
 */
export function processStatus(pid: number): ProcessStatus | undefined {
  const text = statOf(pid)
  // After the name, which may have anything in it, brackets too.
  const fields = text?.slice(text.lastIndexOf(") ") + 2).split(" ")
  if (!fields) return undefined
  const [state = "", parent, group, session] = fields
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    ended: ["Z", "X", "x"].includes(state),
    stopped: ["T", "t"].includes(state),
    start: Number(fields[19]),
  }
}

/**
 * All processes that live.
 *
 * @param proc where the kernel lists them, but for tests
 */
export function liveProcesses(proc = "/proc"): ProcessStatus[] {
  return namesIn(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processStatus(Number(name)) ?? [])
    .filter(({ ended }) => !ended)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** That of the first thread, since an emulator answers for itself when its own program reads `/proc/PID/stat`, with another start. */
function statOf(pid: number): string | undefined {
  const name = String(pid)
  try {
    return readFileSync(`/proc/${name}/task/${name}/stat`, "utf8")
  } catch {
    return undefined
  }
}
