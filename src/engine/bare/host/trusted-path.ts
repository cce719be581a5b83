import { existsSync, lstatSync, realpathSync } from "node:fs"
import { dirname } from "node:path"

const STICKY = 0o1000
const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002

/** A user and its group, who may own folders besides root and this process. */
export interface Caller {
  user: number
  group: number
}

/** Who called sudo: that user has root's rights anyway. */
export function sudoCaller(env: NodeJS.ProcessEnv): Caller | undefined {
  const [user, group] = [env["SUDO_UID"], env["SUDO_GID"]].map((text) => Number.parseInt(text ?? "", 10))
  return Number.isInteger(user) && Number.isInteger(group) ? { user: user ?? 0, group: group ?? 0 } : undefined
}

/**
 * Why somebody else could replace the folder that a path leads to: a folder or link on the path is theirs, or they may write to
 * it. In a sticky folder such as /tmp, only owners can.
 *
 * @param path absolute; parts that do not exist yet are skipped
 * @example untrustedPart("/srv/open/cache", undefined) ⇒ "/srv/open, on the path to it, is writable by every user of this host"
 */
export function untrustedPart(path: string, caller: Caller | undefined): string | undefined {
  const existing = wayTo(path).filter((part) => existsSync(part))
  const last = existing.at(-1) ?? "/"
  const reason = [...existing, ...wayTo(realpathSync(last))].map((part) => [part, reasonAgainst(part, caller)] as const)
  const [found] = reason.filter(([, why]) => why !== undefined)
  return found && `${found[0]}, on the path to it, ${found[1] ?? ""}`
}

/** @example wayTo("/a/b") ⇒ ["/", "/a", "/a/b"] */
function wayTo(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [...wayTo(parent), path]
}

function reasonAgainst(path: string, caller: Caller | undefined): string | undefined {
  const found = lstatSync(path)
  if (![0, process.getuid?.(), caller?.user].includes(found.uid)) return `belongs to user ${found.uid}`
  // A link's mode says nothing, and a sticky folder's writers change only what is theirs.
  if (found.isSymbolicLink() || (found.mode & STICKY) !== 0) return undefined
  if ((found.mode & OTHERS_WRITE) !== 0) return "is writable by every user of this host"
  const groupWrites = (found.mode & GROUP_WRITES) !== 0
  return groupWrites && ![0, caller?.group].includes(found.gid) ? `is writable by group ${found.gid}` : undefined
}
