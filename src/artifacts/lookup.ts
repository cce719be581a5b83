import { statSync, type Stats } from "node:fs"

/** What a path leads to, through symbolic links. Undefined if there is nothing, or if one of its parents is a file. */
export function lookup(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Whether a path leads to a folder. */
export function isFolder(path: string): boolean {
  return lookup(path)?.isDirectory() ?? false
}
