import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

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
    for (const file of readdirSync(join(ROOT, folder)).sort())
      hash.update(`${folder}/${file}\0`).update(readFileSync(join(ROOT, folder, file)))
  return hash.digest("hex").slice(0, 40)
}
