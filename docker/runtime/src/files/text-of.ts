import { readFileSync } from "node:fs"

/**
 * The text of a file that may be missing; undefined if it cannot be read. Not for folders that jobs can write to.
 *
 * @param encoding `latin1` keeps every byte of what is not UTF-8
 */
export function textOf(path: string, encoding: "utf8" | "latin1" = "utf8"): string | undefined {
  try {
    return readFileSync(path, encoding)
  } catch {
    return undefined
  }
}
