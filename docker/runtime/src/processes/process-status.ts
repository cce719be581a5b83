import { namesIn } from "../files/names.js"
import { textOf } from "../files/text-of.js"

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
  const fields = fieldsOf(statOf(pid))
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
 * All processes, those that have ended among them until their parent has asked about them.
 *
 * @param proc where the kernel lists them, but for tests
 */
export function allProcesses(proc = "/proc"): ProcessStatus[] {
  return namesIn(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processStatus(Number(name)) ?? [])
}

/** All processes that live. */
export function liveProcesses(proc?: string): ProcessStatus[] {
  return allProcesses(proc).filter(({ ended }) => !ended)
}

/** Clock ticks in a second, which is the same on every platform that Node.js runs on. */
const TICKS = 100

/** CPU time of a process, and of those below it that have ended, in seconds; 0 when there is none. */
export function processTimes(pid: number): number {
  const times = fieldsOf(textOf(`/proc/${String(pid)}/stat`))?.slice(11, 15) ?? []
  return times.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS
}

/** That of the first thread, since an emulator answers for itself when its own program reads `/proc/PID/stat`, with another start. */
function statOf(pid: number): string | undefined {
  const name = String(pid)
  return textOf(`/proc/${name}/task/${name}/stat`)
}

/** From the third on: after the name, which may have anything in it, brackets too. */
function fieldsOf(stat: string | undefined): string[] | undefined {
  return stat?.slice(stat.lastIndexOf(") ") + 2).split(" ")
}
