import { chownSync, mkdirSync, statSync } from "node:fs"
import { RuntimeFailure } from "../failure.js"

/** Whom the runner is to run as. */
export interface Account {
  readonly uid: number
  readonly gid: number
  /** Groups besides, like the one of Docker's socket. */
  readonly groups: readonly number[]
}

/** The image's own user: the owner of its home. */
export function runnerAccount(home: string, groups: readonly number[]): Account {
  const { uid, gid } = statSync(home)
  return { uid, gid, groups: [...new Set([gid, ...groups])] }
}

/**
 * Gives root away for good, for this process and so for all that it starts. It becomes one that other processes of the user cannot look
 * into, which is welcome.
 *
 * @param workFolder is made, and made the user's; not what is in it, which can be much
 * @throws {RuntimeFailure} CONFIGURATION without the capabilities for it
 */
export function dropPrivileges({ uid, gid, groups }: Account, workFolder: string): void {
  const { setgroups, setgid, setuid } = process
  if (!setgroups || !setgid || !setuid) throw new Error("this system has no users")
  try {
    mkdirSync(workFolder, { recursive: true })
    chownSync(workFolder, uid, gid)
    setgroups([...groups])
    setgid(gid)
    setuid(uid)
  } catch (error) {
    throw new RuntimeFailure(
      "CONFIGURATION",
      `RUN_AS_ROOT=false asks for user ${uid} in place of root, which this container may not do: ${(error as Error).message}`,
      `Start it with --user ${uid}, or with --cap-add CHOWN,SETUID,SETGID.`,
    )
  }
}
