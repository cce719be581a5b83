import { lstatSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { ancestorsOf, isOwnProgram } from "../processes/ancestors.js"
import { liveProcesses, type ProcessStatus, processStatus } from "../processes/process-status.js"

/** Milliseconds from SIGTERM to SIGKILL, and for that. */
const GRACE = 2000
const KILL = 1000
const PAUSE = 20

/**
 * Processes that the job left: those of this user below the init process, without what this process was started by, which is the runner itself,
 * and without the program that started the runner. None if that is not the image's.
 */
export function leftProcesses(self = process.pid): ProcessStatus[] {
  const above = ancestorsOf(self)
  const [supervisor, init] = above.filter(isOwnProgram)
  if (supervisor === undefined || init === undefined) return []
  const runner = new Set([self, ...above])
  return liveProcesses().filter(({ pid }) => {
    if (runner.has(pid) || !isOurs(pid)) return false
    const line = [pid, ...ancestorsOf(pid)]
    if (!line.includes(init) || line.includes(self)) return false
    // Below the supervisor, only the runner has jobs.
    const below = line.indexOf(supervisor) - 1
    return below < 0 || runner.has(line[below] ?? 0)
  })
}

/** The owner of its folder is that of the process. */
function isOurs(pid: number): boolean {
  return lstatSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === process.getuid?.()
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

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile, or became another user's.
  }
}
