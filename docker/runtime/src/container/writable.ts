import { existsSync, mkdtempSync, rmdirSync, statSync } from "node:fs"
import { dirname, join } from "node:path"

/** A folder itself, or the nearest above it that exists. */
export function nearestExisting(folder: string): string {
  if (existsSync(folder) || dirname(folder) === folder) return folder
  return nearestExisting(dirname(folder))
}

/**
 * Why this user cannot write to a folder, or create it; undefined if it can.
 *
 * @param problem the error of an attempt to do so; without one, it is tried in the nearest folder that exists
 */
export function whyNotWritable(folder: string, problem?: NodeJS.ErrnoException): string | undefined {
  const nearest = nearestExisting(folder)
  const error = problem ?? trial(nearest)
  if (!error) return undefined
  const { code = error.message } = error
  if (code === "EROFS") return "read-only file system"
  if (code === "EACCES" || code === "EPERM")
    return `not allowed to write to ${nearest}, which belongs to user ${statSync(nearest).uid}`
  return code
}

/** @returns the error */
function trial(folder: string): NodeJS.ErrnoException | undefined {
  try {
    rmdirSync(mkdtempSync(join(folder, ".runner-images-")))
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}
