import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { create } from "tar"
import { lookup } from "./lookup.js"

/** What belongs to the layout; the reports beside it stay out of the archive. */
const LAYOUT_FILES = ["oci-layout", "index.json", "blobs"]

/**
 * Writes an OCI layout folder as a tar file. The same layout gives the same bytes.
 *
 * @param created ISO 8601, the time that all entries get
 */
export async function writeArchive(layout: string, file: string, created: string): Promise<void> {
  await create({ cwd: layout, file, portable: true, mtime: new Date(created), noDirRecurse: true }, entriesOf(layout))
}

/** Bytes of a tar's header, and what contents are padded to. */
const BLOCK = 512
/** A tar ends with two empty blocks. */
const END_BYTES = 2 * BLOCK

/**
 * Whether a tar file is as long as {@link writeArchive} makes it. It is removed whenever its layout is replaced, so one that is there
 * has this layout's content.
 */
export function isWholeArchive(layout: string, file: string): boolean {
  const bytes = entriesOf(layout).reduce((sum, path) => {
    const { size, isFile } = entryOf(join(layout, path))
    return sum + BLOCK + (isFile ? Math.ceil(size / BLOCK) * BLOCK : 0)
  }, END_BYTES)
  const found = lookup(file)
  return found?.isFile() === true && found.size === bytes
}

function entryOf(path: string): { size: number; isFile: boolean } {
  const stats = statSync(path)
  return { size: stats.size, isFile: stats.isFile() }
}

/** Folders before their contents, everything sorted by name. */
function entriesOf(layout: string): string[] {
  const walk = (path: string): string[] => {
    const entries = readdirSync(join(layout, path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    return [
      path,
      ...entries.flatMap((entry) => (entry.isDirectory() ? walk(join(path, entry.name)) : [join(path, entry.name)])),
    ]
  }
  return LAYOUT_FILES.flatMap((name) => (name === "blobs" ? walk(name) : [name]))
}
