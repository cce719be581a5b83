import { realpathSync } from "node:fs"
import { mountOf, parseMounts, readMountInfo } from "./mounts.js"

/** A folder, and what tells later whether its path still leads to it. */
export interface Place {
  /** Absolute, without links. */
  readonly path: string
  /** Which folder of which file system was mounted there, or above. */
  readonly mount: string
}

/** @throws the file system's error, such as ENOENT */
export function placeOf(folder: string): Place {
  const path = realpathSync(folder)
  return { path, mount: mountAt(path) }
}

/**
 * Makes a folder this process's working directory. From then on, relative names are in that folder, whatever becomes of its path.
 *
 * @returns why its path leads elsewhere; undefined if it does not
 * @throws the file system's error, such as ENOENT
 */
export function enter({ path, mount }: Place): string | undefined {
  process.chdir(path)
  // The kernel tells which folder it is. A link in the path would show.
  if (process.cwd() !== path) return "it is a link to another folder now"
  if (mountAt(path) !== mount) return "something else is mounted there now"
  return undefined
}

function mountAt(path: string): string {
  const { source = "", root = "", target = "" } = mountOf(path, parseMounts(readMountInfo())) ?? {}
  return JSON.stringify([source, root, target])
}
