import { accessSync } from "node:fs"

/**
 * Whether this user may access a file or folder.
 *
 * @param mode as in node:fs: `constants.W_OK | constants.X_OK`
 */
export function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}
