import { readFileSync } from "node:fs"

/** A user that this process can become. */
export interface Account {
  readonly uid: number
  readonly gid: number
  /** Groups besides, like the one of Docker's socket. */
  readonly groups: readonly number[]
}

/** Numbers of capabilities(7). */
const CAPABILITIES = { kill: 5n, setgid: 6n, setuid: 7n } as const

/**
 * Makes this process another user's, for good, and so all that it starts. Of root's capabilities none is left, and the kernel lets nobody of
 * that user look into it.
 *
 * @throws the system's error without the capabilities for it
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
