import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { LayoutReader } from "../../dagger/src/core/oci/layout.js"

/**
 * Reads the documents of a layout in a folder.
 *
 * @param unreadable makes the error for a file that cannot be read, from its path
 */
export function layoutReader(folder: string, unreadable: (path: string, cause: unknown) => Error): LayoutReader {
  return async (path) => {
    try {
      return await readFile(join(folder, path), "utf8")
    } catch (cause) {
      throw unreadable(join(folder, path), cause)
    }
  }
}
