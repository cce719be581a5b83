import { statSync } from "node:fs"
import { RuntimeFailure } from "../../failure.js"
import { type Account, becomeUser, holds, mayBecomeUser } from "./become-user.js"
import { giveFolder, wouldGiveFolder } from "./give-folder.js"

/** The image's own user: the owner of its home. */
export function runnerAccount(home: string, groups: readonly number[]): Account {
  const { uid, gid } = statSync(home)
  return { uid, gid, groups: [...new Set([gid, ...groups])] }
}

/**
 * Drops root's privileges permanently, for this process and everything that it starts.
 *
 * @param workFolder is created, and its owner set to the user; its contents, which can be large, are left alone
 * @param reuseFolder the same, where a registration is kept
 * @throws {RuntimeFailure} CONFIGURATION without the capabilities for it
 */
export function dropPrivileges(account: Account, workFolder: string, reuseFolder?: string): void {
  become(account, () => {
    giveFolder(workFolder, account)
    if (reuseFolder !== undefined) giveFolder(reuseFolder, account, REUSE)
  })
}

/**
 * Becomes the user as {@link dropPrivileges} does, without giving folders.
 *
 * @returns whether dropPrivileges would have given the work folder to the user
 * @throws {RuntimeFailure} CONFIGURATION as it does
 */
export function dropPrivilegesOnly(account: Account, workFolder: string, reuseFolder?: string): boolean {
  return become(account, () => {
    if (reuseFolder !== undefined) wouldGiveFolder(reuseFolder, account, REUSE)
    return wouldGiveFolder(workFolder, account)
  })
}

const REUSE = "CONFIGURED_ACTIONS_RUNNER_FILES_DIR"

/** @param give what root does before */
function become<Result>(account: Account, give: () => Result): Result {
  const { uid } = account
  // The init process remains root's, and could not pass a signal on to another user's process: the container would not stop.
  if (!holds("kill")) throw refused(uid, "without the capability KILL, it could not be stopped")
  try {
    const result = give()
    becomeUser(account)
    return result
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error
    throw refused(uid, (error as Error).message)
  }
}

function refused(uid: number, why: string): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `RUN_AS_ROOT=false requires switching from root to user ${uid}, which this container cannot do: ${why}`,
    `Start it with --user ${uid}, or with --cap-add CHOWN,KILL,SETUID,SETGID.`,
  )
}

/** Whether {@link dropPrivileges} can do its work. */
export function mayDropPrivileges(): boolean {
  return holds("kill") && mayBecomeUser()
}
