import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from "node:fs"
import { join } from "node:path"

const MODE = 0o755

/** Candidates for the folder of the program's state: the first usable one is taken, also with a read-only root and any user ID. */
export function stateFolders(uid: number, root = "/"): string[] {
  return [
    join(root, "run/runner-images"),
    join(root, `dev/shm/runner-images-${uid}`),
    join(root, `tmp/runner-images-${uid}`),
  ]
}

/**
 * Creates the first folder that can be created, writable only by its user, and readable by others: a health check may run as root without all capabilities.
 *
 * @param root the file system's, but for tests
 * @returns undefined when nothing can be written anywhere
 */
export function makeStateFolder(uid: number, root?: string): string | undefined {
  return stateFolders(uid, root).find((path) => isOwn(path, uid))
}

/** In a folder that all may write to, somebody else may have been first. */
function isOwn(path: string, uid: number): boolean {
  try {
    mkdirSync(path, { mode: MODE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false
  }
  try {
    const { uid: owner } = lstatSync(path)
    if (!lstatSync(path).isDirectory() || owner !== uid) return false
    chmodSync(path, MODE)
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
