import { readdirSync } from "node:fs"
import { join } from "node:path"
import { create } from "tar"

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
