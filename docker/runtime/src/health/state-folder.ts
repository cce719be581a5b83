import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from "node:fs"
import { join } from "node:path"

const MODE = 0o755

/** Folders for what the program knows while it runs. The first that will do, also with a read-only root and under any user id. */
export function stateFolders(uid: number, root = "/"): string[] {
  return [
    join(root, "run/runner-images"),
    join(root, `dev/shm/runner-images-${uid}`),
    join(root, `tmp/runner-images-${uid}`),
  ]
}

/**
 * Makes the first folder that can be had, to be written by its user alone; a health check may run as root without being allowed everything, and reads it.
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
