import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"

/** The folders whose sources are bundled. */
const SOURCES = ["src", "dagger/src", "docker/runtime/src"]
const SOURCE = /\.(?:[cm]?[jt]s|json)$/
/** The versions of all packages. Installations follow it, so what is installed needs no look. */
const LOCK = "package-lock.json"
/** Names the target and the dialect of TypeScript. */
const SETTINGS = "tsconfig.json"
const BUNDLER = "scripts/start"

/**
 * The names of the bundles of a checkout: of the program, and of Dagger's client, which changes only with the dependencies.
 *
 * They are digests of the sources' contents. Sizes and times would be cheaper by a few milliseconds, and wrong too often: Git, `cp -a`
 * and archives restore old times, and two edits within one tick of the clock have the same one.
 *
 * @param {string} root absolute
 * @returns {{ program: string, client: string }}
 */
export function keysOf(root) {
  const client = digest(root, [LOCK, ...below(root, BUNDLER)], [])
  // Paths of the checkout are in the bundle, so a checkout that has moved needs another.
  const program = digest(root, [SETTINGS, ...sourcesOf(root)], [client, root])
  return { program: `program-${program}`, client: `client-${client}` }
}

/**
 * The sources below a folder, in a fixed order.
 *
 * @param {string} root
 * @param {string} folder relative to it
 * @returns {string[]} relative to the root
 */
function below(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && SOURCE.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

/**
 * @param {string} root
 * @returns {string[]} all sources of the program, relative to the root
 */
export function sourcesOf(root) {
  return SOURCES.flatMap((folder) => below(root, folder))
}

/**
 * @param {string} root
 * @param {string[]} files relative to it
 * @param {string[]} facts
 */
function digest(root, files, facts) {
  const hash = createHash("sha256")
  for (const fact of facts) hash.update(`${fact}\0`)
  for (const file of files) {
    const content = readFileSync(join(root, file))
    // With its length, so that no other files and contents give the same text.
    hash.update(`${file}\0${content.length}\0`).update(content)
  }
  return hash.digest("hex").slice(0, 32)
}
