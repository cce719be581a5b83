import { execFileSync } from "node:child_process"
import { readFileSync, readdirSync } from "node:fs"

const SESSION_COMMAND = /\bdagger\b.* session( |$)/

/**
 * Whether a promise that nobody waits for was rejected because a `dagger session` process ended with a failure: Dagger's client keeps such
 * promises, once for a session that did not start and once for one that ended later.
 */
export function isSessionFailure(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false
  const command = reason.name === "ExecaError" && "command" in reason ? String(reason.command) : ""
  return reason.name === "EngineSessionError" || SESSION_COMMAND.test(command)
}

/**
 * Kills the `dagger session` processes that this process started. They ignore any other signal while they look for their
 * engine, and would keep looking without us.
 */
export function killSessions(): void {
  for (const { pid, parent, command } of processes()) {
    if (parent !== process.pid || !SESSION_COMMAND.test(command)) continue
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // It has just ended.
    }
  }
}

interface RunningProcess {
  pid: number
  parent: number
  command: string
}

/** From /proc, or where there is none (macOS), from ps. */
function processes(): RunningProcess[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap(fromProc)
  } catch {
    return execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n").flatMap(fromPs)
  }
}

function fromProc(pid: string): RunningProcess[] {
  try {
    // The name in parentheses can hold anything; the parent is the second field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
    return [{ pid: Number(pid), parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ") }]
  } catch {
    return []
  }
}

function fromPs(line: string): RunningProcess[] {
  const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
  return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
}
