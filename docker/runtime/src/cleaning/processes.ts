import { lstatSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { ancestorsOf } from "../processes/ancestors.js"
import { liveProcesses, type ProcessStatus, processStatus } from "../processes/process-status.js"
import { send } from "../runner/session.js"
import type { RunnerProcesses } from "./runner-processes.js"

/** Milliseconds from SIGTERM to SIGKILL, and for that. */
const GRACE = 2000
const KILL = 1000
const PAUSE = 20

/**
 * Processes that the job left: those of this user below the init process, except the runner that started this process, and what the
 * supervisor started besides the runner.
 */
export function leftProcesses({ init, supervisor, all }: RunnerProcesses, self = process.pid): ProcessStatus[] {
  return liveProcesses().filter(({ pid }) => {
    if (all.has(pid) || !isOurs(pid)) return false
    const line = [pid, ...ancestorsOf(pid)]
    if (!line.includes(init) || line.includes(self)) return false
    const place = line.indexOf(supervisor)
    return place === -1 || all.has(line[place - 1] ?? 0)
  })
}

/** The folder of a process belongs to its user, even if what is in there belongs to root because nobody may look into it. */
function isOurs(pid: number): boolean {
  return lstatSync(`/proc/${String(pid)}`, { throwIfNoEntry: false })?.uid === process.getuid?.()
}

/** Ends processes: SIGTERM, and SIGKILL for those that stay. @returns those that are still there */
export async function endProcesses(processes: readonly ProcessStatus[]): Promise<readonly ProcessStatus[]> {
  const stubborn = await signalled(processes, "SIGTERM", GRACE)
  return await signalled(stubborn, "SIGKILL", KILL)
}

async function signalled(
  processes: readonly ProcessStatus[],
  signal: NodeJS.Signals,
  time: number,
): Promise<readonly ProcessStatus[]> {
  for (const { pid } of processes.filter(lives)) send(pid, signal)
  const end = performance.now() + time
  let left = processes.filter(lives)
  while (left.length > 0 && performance.now() < end) {
    await sleep(PAUSE)
    left = left.filter(lives)
  }
  return left
}

/** Another process may have its id. */
function lives({ pid, start }: ProcessStatus): boolean {
  const status = processStatus(pid)
  return status !== undefined && !status.ended && status.start === start
}
