import { spawn } from "node:child_process"
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
} from "node:fs"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { RecordedProcess } from "../state/record.js"

/** Names the instance in the environment of every process that is started for it. */
export const MARKER = "RUNNER_IMAGES_ENGINE_MARKER"

export interface ProcessStat {
  state: string
  parent: number
  startTime: string
}

/**
 * Reads /proc/PID/stat. The command is in parentheses and may itself hold parentheses and spaces, so fields count from the last one.
 *
 * @example parseStat("7 (a) b) S 1 …") ⇒ { state: "S", parent: 1, startTime: … }
 */
export function parseStat(stat: string): ProcessStat {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { state: fields[0] ?? "", parent: Number(fields[1]), startTime: fields[19] ?? "" }
}

/** A process by its ID, or undefined when there is none. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return undefined
  }
}

/** A process's executable, or undefined when there is no such process or it belongs to another user. */
export function programOf(pid: number): string | undefined {
  try {
    // An upgrade of its package may have replaced the file since.
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "")
  } catch {
    return undefined
  }
}

/** Whether a recorded process still runs. A zombie does not count, nor does another program with its process ID. */
export function isRunning({ pid, startTime, program }: RecordedProcess): boolean {
  const stat = processStat(pid)
  if (stat?.startTime !== startTime || stat.state === "Z") return false
  return program === undefined || [program, undefined].includes(programOf(pid))
}

/** What identifies a process, or undefined when it is gone. */
export function identify(pid: number): RecordedProcess | undefined {
  const stat = processStat(pid)
  if (!stat || stat.state === "Z") return undefined
  const program = programOf(pid)
  return { pid, startTime: stat.startTime, ...(program === undefined ? {} : { program }) }
}

/** The processes with this marker in their environment, the oldest first. */
export function findMarked(marker: string): RecordedProcess[] {
  return allProcesses()
    .filter((pid) => pid !== process.pid && environmentHas(pid, `${MARKER}=${marker}`))
    .flatMap((pid) => identify(pid) ?? [])
    .sort((a, b) => Number(a.startTime) - Number(b.startTime) || a.pid - b.pid)
}

export function childrenOf(pid: number): number[] {
  return allProcesses().filter((candidate) => processStat(candidate)?.parent === pid)
}

function allProcesses(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
}

function environmentHas(pid: number, entry: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(entry)
  } catch {
    return false
  }
}

/**
 * Starts a process in a session of its own, with its output in a log file. The previous log is kept as `LOG.1`.
 *
 * @throws Error when it could not be started at all
 */
export async function startDetached(
  command: string,
  args: readonly string[],
  options: { env: Record<string, string>; logFile: string },
): Promise<RecordedProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true })
  if (existsSync(options.logFile)) renameSync(options.logFile, `${options.logFile}.1`)
  const log = openSync(options.logFile, "a", 0o644)
  try {
    const child = spawn(command, [...args], { cwd: "/", detached: true, stdio: ["ignore", log, log], env: options.env })
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve)
      child.once("error", reject)
    })
    child.unref()
    const pid = child.pid ?? 0
    return identify(pid) ?? { pid, startTime: "0" }
  } finally {
    closeSync(log)
  }
}

/** Sends SIGTERM, waits, then sends SIGKILL. `ask` is the process that gets SIGTERM if it is another one. Harmless if it is gone. */
export async function stopProcess(target: RecordedProcess, graceSeconds: number, ask?: RecordedProcess): Promise<void> {
  signal(ask ?? target, "SIGTERM")
  if (await ended(target, graceSeconds)) return
  signal(target, "SIGKILL")
  await ended(target, 10)
}

/** Sends a signal. Harmless if the process is gone. */
export function signal(target: RecordedProcess, name: NodeJS.Signals): void {
  if (!isRunning(target)) return
  try {
    process.kill(target.pid, name)
  } catch {
    // It ended in between.
  }
}

async function ended(target: RecordedProcess, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000
  while (isRunning(target)) {
    if (performance.now() > deadline) return false
    await sleep(50)
  }
  return true
}
