import { createHash } from "node:crypto"
import { readdirSync, readlinkSync } from "node:fs"
import { join, relative } from "node:path"
import { isExcluded } from "../../dagger/src/pipeline/image/docker-files.js"
import { sha256OfFile } from "../artifacts/file-digest.js"

/**
 * A digest of the names and contents of all files below a folder, not of their modes, owners and times. A link counts by its target.
 *
 * @param exclude paths relative to the folder; `**` and a slash before a name stands for any folder
 * @returns SHA-256 in hexadecimal
 */
export async function folderDigest(folder: string, exclude: readonly string[] = []): Promise<string> {
  const paths = filesBelow(folder, folder, exclude).sort((a, b) => (a.path < b.path ? -1 : 1))
  const contents = await Promise.all(paths.map((entry) => contentOf(folder, entry)))
  const hash = createHash("sha256")
  for (const [index, { path }] of paths.entries()) hash.update(`${path}\0${contents[index] ?? ""}\0`)
  return hash.digest("hex")
}

async function contentOf(folder: string, { path, link }: Entry): Promise<string> {
  return link ? `link ${readlinkSync(join(folder, path))}` : sha256OfFile(join(folder, path))
}

interface Entry {
  path: string
  link: boolean
}

function filesBelow(root: string, folder: string, exclude: readonly string[]): Entry[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = relative(root, join(folder, entry.name))
    if (isExcluded(path, exclude)) return []
    if (entry.isDirectory()) return filesBelow(root, join(folder, entry.name), exclude)
    return entry.isFile() || entry.isSymbolicLink() ? [{ path, link: entry.isSymbolicLink() }] : []
  })
}
