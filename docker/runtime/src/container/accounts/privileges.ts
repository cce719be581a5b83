import { mkdirSync, statSync } from "node:fs"
import { RuntimeFailure } from "../../failure.js"
import { type Account, becomeUser, holds, mayBecomeUser } from "./become-user.js"
import { giveFolder } from "./give-folder.js"

/** The image's own user: the owner of its home. */
export function runnerAccount(home: string, groups: readonly number[]): Account {
  const { uid, gid } = statSync(home)
  return { uid, gid, groups: [...new Set([gid, ...groups])] }
}

/**
 * Gives root away for good, for this process and so for all that it starts.
 *
 * @param workFolder is made, and made the user's; not what is in it, which can be much
 * @param reuseFolder the same, where a registration is kept
 * @throws {RuntimeFailure} CONFIGURATION without the capabilities for it
 */
export function dropPrivileges(account: Account, workFolder: string, reuseFolder?: string): void {
  const { uid } = account
  // The init process stays root's, and could not hand a signal on to another user's process: the container would not stop.
  if (!holds("kill")) throw refused(uid, "without the capability KILL it could not be told to stop")
  try {
    giveFolder(workFolder, account)
    if (reuseFolder !== undefined) giveFolder(reuseFolder, account, "CONFIGURED_ACTIONS_RUNNER_FILES_DIR")
    becomeUser(account)
    // Root without all of its capabilities may not write to folders of the user's, who may.
    mkdirSync(workFolder, { recursive: true })
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error
    throw refused(uid, (error as Error).message)
  }
}

function refused(uid: number, why: string): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `RUN_AS_ROOT=false asks for user ${uid} in place of root, which this container may not do: ${why}`,
    `Start it with --user ${uid}, or with --cap-add CHOWN,KILL,SETUID,SETGID.`,
  )
}

/** Whether {@link dropPrivileges} can do its work. */
export function mayDropPrivileges(): boolean {
  return holds("kill") && mayBecomeUser()
}
