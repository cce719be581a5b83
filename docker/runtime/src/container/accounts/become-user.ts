import { readFileSync } from "node:fs"

/** A user that this process can become. */
export interface Account {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups, such as that of Docker's socket. */
  readonly groups: readonly number[]
}

/** Numbers of capabilities(7). */
const CAPABILITIES = { chown: 0n, kill: 5n, setgid: 6n, setuid: 7n } as const

/**
 * Switches this process to another user permanently, and with it everything that it starts. It keeps none of root's capabilities, and the kernel
 * does not let other processes of that user inspect it.
 *
 * @throws the system's error without the required capabilities
 */
export function becomeUser({ uid, gid, groups }: Account): void {
  const { setgroups, setgid, setuid } = process
  if (!setgroups || !setgid || !setuid) throw new Error("this system has no users")
  setgroups([...groups])
  setgid(gid)
  setuid(uid)
}

/** Whether root may become another user here. */
export function mayBecomeUser(): boolean {
  return holds("setuid") && holds("setgid")
}

/** Whether this process has a capability. */
export function holds(capability: keyof typeof CAPABILITIES): boolean {
  const [, effective] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? []
  return effective === undefined || ((BigInt(`0x${effective}`) >> CAPABILITIES[capability]) & 1n) === 1n
}
