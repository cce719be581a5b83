import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"

/** The folder of config.sh and run.sh, where configuration is kept, too. */
export const ROOT = join(import.meta.dirname, "..")

/** `0.1.0-standin` */
export function version() {
  return readFileSync(join(ROOT, "VERSION"), "utf8").trim()
}

/**
 * Stands for the commit that the real runner was built from. This one is not built, so it is a digest of the program's own
 * files: 40 hexadecimal digits, which change with them.
 */
export function commit() {
  const hash = createHash("sha256")
  for (const folder of ["bin", "lib"])
    for (const file of filesOf(join(ROOT, folder)))
      hash.update(`${folder}/${file}\0`).update(readFileSync(join(ROOT, folder, file)))
  return hash.digest("hex").slice(0, 40)
}

/**
 * @param {string} folder
 * @returns {string[]} below it
 */
function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort()
}
