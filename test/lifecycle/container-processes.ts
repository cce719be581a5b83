import { readdirSync, readFileSync, readlinkSync } from "node:fs"

/** A process of a container, seen from the host. */
export interface ContainerProcess {
  /** Its id on the host. */
  readonly hostPid: number
  /** Its id in the container. */
  readonly pid: number
  /** Of the host. */
  readonly parent: number
  /** `S`, `R`, `Z` for one that ended and that nobody has taken note of. */
  readonly state: string
  readonly name: string
  readonly command: readonly string[]
  /** As it was started with: entries like `A=1`. */
  readonly environment: readonly string[]
  readonly uid: number
  /** Effective capabilities, as hexadecimal digits. */
  readonly capabilities: string
  /** Bytes of memory that are its own, shared ones by their part. */
  readonly memory: number
  /** Seconds of processor time. */
  readonly cpu: number
}

/** Ticks of processor time in a second: Linux tells programs of a hundred, whatever it counts by. */
const TICKS = 100

/** @param first the host's id of the container's first process */
export function containerProcesses(first: number): ContainerProcess[] {
  const namespace = namespaceOf(first)
  if (namespace === undefined) return []
  return allProcesses()
    .filter((pid) => namespaceOf(pid) === namespace)
    .flatMap((pid) => look(pid) ?? [])
}

function allProcesses(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return undefined
  }
}

function look(hostPid: number): ContainerProcess | undefined {
  const read = (name: string): string => readFileSync(`/proc/${hostPid}/${name}`, "utf8")
  const list = (name: string): string[] => read(name).split("\0").slice(0, -1)
  try {
    const status = Object.fromEntries(
      read("status")
        .split("\n")
        .map((line) => line.split(/:\s*/, 2)),
    ) as Partial<Record<string, string>>
    const numbers = read("stat").split(") ").at(-1)?.split(" ") ?? []
    const [state = "?", parent = "0"] = numbers
    const [user = "0", system = "0"] = numbers.slice(11, 13)
    return {
      hostPid,
      pid: Number(status.NSpid?.split("\t").at(-1)),
      parent: Number(parent),
      state,
      name: status.Name ?? "",
      command: list("cmdline"),
      environment: list("environ"),
      uid: Number(status.Uid?.split("\t")[0]),
      capabilities: status.CapEff ?? "",
      memory: memoryOf(hostPid),
      cpu: (Number(user) + Number(system)) / TICKS,
    }
  } catch {
    // Ended meanwhile.
    return undefined
  }
}

function memoryOf(pid: number): number {
  try {
    const [, kilobytes = "0"] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")) ?? []
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}

/** Kills what a process of the host has started: of runc, the container's first process, and with it all others there. */
export function killChildren(parent: number): void {
  for (const pid of allProcesses()) if (look(pid)?.parent === parent) process.kill(pid, "SIGKILL")
}
