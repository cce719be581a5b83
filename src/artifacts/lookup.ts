import { statSync, type Stats } from "node:fs"

/** What a path leads to, through symbolic links. Undefined when there is nothing, also when a file stands in its way. */
export function lookup(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
