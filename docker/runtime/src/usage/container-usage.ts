import { join } from "node:path"
import { textOf } from "../files/text-of.js"
import { ancestorsOf } from "../processes/ancestors.js"
import { allProcesses, processTimes } from "../processes/process-status.js"

/** What the container uses. */
export interface ContainerUsage {
  /** CPU time since it started. */
  readonly cpuSeconds: number
  /** Memory at this moment that cannot be taken away from it, as the kernel's file cache can. */
  readonly memoryBytes: number
}

/** A way to find out, and how often it may be asked. */
export interface UsageSource {
  /** @returns undefined when it cannot be told */
  read(): ContainerUsage | undefined
  /** Milliseconds. */
  readonly interval: number
}

const SECOND = 1000

/**
 * What this container uses: by its control group, or where that is not to be seen (control groups of version 1), by its processes.
 *
 * @param root the file system's, but for tests
 * @param init the first process that counts, with all below it
 */
export function containerUsage(root: string, init = process.ppid): UsageSource {
  const group = groupFolder(root)
  return group === undefined
    ? { read: () => processesUsage(init), interval: 3 * SECOND }
    : { read: () => groupUsage(group), interval: SECOND }
}

/** The folder of the container's control group, of version 2; a machine's own group has no such files. */
function groupFolder(root: string): string | undefined {
  const all = join(root, "sys/fs/cgroup")
  const [, own = "/"] = /^0::(\/.*)$/m.exec(textOf("/proc/self/cgroup") ?? "") ?? []
  return [join(all, own), all].find((folder) => groupUsage(folder) !== undefined)
}

function groupUsage(folder: string): ContainerUsage | undefined {
  const microseconds = numberIn(textOf(join(folder, "cpu.stat")), /^usage_usec (\d+)$/m)
  const memory = numberIn(textOf(join(folder, "memory.current")), /^(\d+)$/m)
  const cache = numberIn(textOf(join(folder, "memory.stat")), /^inactive_file (\d+)$/m)
  if (microseconds === undefined || memory === undefined || cache === undefined) return undefined
  return { cpuSeconds: microseconds / 1e6, memoryBytes: Math.max(0, memory - cache) }
}

function processesUsage(init: number): ContainerUsage {
  // Those that have ended count until their parent has asked about them: then it has their times.
  const processes = allProcesses().filter(({ pid }) => pid === init || ancestorsOf(pid).includes(init))
  return {
    cpuSeconds: processes.reduce((sum, { pid }) => sum + processTimes(pid), 0),
    memoryBytes: processes.reduce((sum, { pid }) => sum + memoryOf(pid), 0),
  }
}

const KIBIBYTE = 1024

/** Without files that are mapped, which others have mapped as well. */
function memoryOf(pid: number): number {
  const text = textOf(`/proc/${pid}/status`)
  const anonymous = numberIn(text, /^RssAnon:\s+(\d+) kB$/m) ?? 0
  const shared = numberIn(text, /^RssShmem:\s+(\d+) kB$/m) ?? 0
  return (anonymous + shared) * KIBIBYTE
}

function numberIn(text: string | undefined, pattern: RegExp): number | undefined {
  const [, found] = pattern.exec(text ?? "") ?? []
  return found === undefined ? undefined : Number(found)
}
