import { copyFileSync, linkSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { sha256OfFile } from "./file-digest.js"
import { lookup } from "./lookup.js"

const FOLDER = join("blobs", "sha256")

/**
 * Puts the blobs of an earlier layout into a new one. Layers are most of a layout and seldom change, so that a repeated
 * build need not write hundreds of megabytes again. A blob is reused only if its content still has the digest in its name.
 *
 * @param wanted names of the blobs that the new layout has
 * @returns paths of the reused blobs, relative to the layout
 */
export async function reuseBlobs(from: string, to: string, wanted: readonly string[]): Promise<string[]> {
  const names = wanted.filter((name) => lookup(join(from, FOLDER, name))?.isFile())
  const intact = await Promise.all(names.map(async (name) => (await sha256OfFile(join(from, FOLDER, name))) === name))
  mkdirSync(join(to, FOLDER), { recursive: true })
  return names
    .filter((_, index) => intact[index])
    .map((name) => {
      const path = join(FOLDER, name)
      linkOrCopy(join(from, path), join(to, path))
      return path
    })
}

/** File systems without hard links get a copy. */
export function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to)
  }
}
