import { readFileSync } from "node:fs"
import { join } from "node:path"

/** The broker's user, who is nobody else's: jobs cannot look into what it holds. */
export interface Agent {
  readonly uid: number
  readonly gid: number
}

/** capabilities(7) */
const CAP_SETGID = 6n
const CAP_SETUID = 7n

const NAME = "runner-agent"

/** The folder that the image keeps for the broker. A volume there may be anybody's, so that its owner says nothing. */
export const AGENT_FOLDER = "var/lib/runner-broker"

/**
 * The broker's account, as the image has it: no job can write to the list of accounts.
 *
 * @param root the file system's, but for tests
 */
export function agentAccount(root: string): Agent | undefined {
  const accounts = readAccounts(join(root, "etc/passwd")).split("\n")
  const [, , uid, gid] = accounts.map((line) => line.split(":")).find(([name]) => name === NAME) ?? []
  return uid === undefined || gid === undefined || uid === "0" ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** An image of somebody's own may have no such list. */
function readAccounts(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/**
 * Makes this process the broker's user's, for good: no capability is left. Where it is not root, or root without the capabilities for it, it
 * stays what it is.
 *
 * @param root the file system's, but for tests
 * @returns who it is from now on; undefined when nothing was changed
 */
export function becomeAgent(root: string): Agent | undefined {
  const { setgroups, setgid, setuid } = process
  if (!setgroups || !setgid || !setuid || process.getuid?.() !== 0) return undefined
  const account = agentAccount(root)
  if (!account || !mayBecomeAnother()) return undefined
  const { uid, gid } = account
  setgroups([gid])
  setgid(gid)
  setuid(uid)
  return { uid, gid }
}

/** Whether root may become another user here. */
export function mayBecomeAnother(): boolean {
  return holds(CAP_SETUID) && holds(CAP_SETGID)
}

/** @param capability its number, of capabilities(7) */
export function holds(capability: bigint): boolean {
  const [, effective] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? []
  return effective === undefined || ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n
}
