import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs"
import { open } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, isAbsolute, join } from "node:path"

/** Names a bundle's files with their sizes, and the bundles beside it that it imports. */
const MANIFEST = "bundle.json"
const PARTIAL = ".partial-"
/** Runs load parts of their bundle late: a newer one must not remove it while they are still going. */
const KEPT = 10
const ABANDONED_MILLISECONDS = 3_600_000
/** Mode bits: writing by the group or others, and a folder in which only owners rename. */
const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

/**
 * @typedef {object} Manifest
 * @property {Record<string, number>} files bytes by name
 * @property {string[]} needs names of other bundles in the same place
 */

/**
 * The folders that may hold bundles, the preferred one first: inside the checkout, where they go when it goes, then in the user's cache,
 * for a checkout that is read-only or somebody else's. Bundles are executed, so only this user and root may be able to write there.
 *
 * @param {string} root absolute
 * @returns {string[]} absolute; they need not exist
 */
export function placesFor(root) {
  const modules = join(root, "node_modules")
  const cache = cacheFolder()
  const places = []
  // Who can write to node_modules decides what runs anyway, so folders above it need no look. Not in somebody else's checkout: the
  // owner could not remove what root leaves there.
  if (statSync(modules).uid === process.getuid?.()) places.push(join(modules, ".runner-images"))
  if (cache !== undefined && isSafe(cache)) places.push(cache)
  return places.filter((place) => isOwnFolder(place) ?? true)
}

/** As in src/host/paths.ts, which is in the bundle. */
function cacheFolder() {
  const cache = process.env["XDG_CACHE_HOME"]?.trim() ?? ""
  const home = process.env["HOME"]?.trim() ?? ""
  try {
    const parent = isAbsolute(cache) ? cache : join(isAbsolute(home) ? home : homedir(), ".cache")
    return isAbsolute(parent) ? join(parent, "runner-images", "program") : undefined
  } catch {
    // A user without a home folder.
    return undefined
  }
}

/**
 * Whether only this user and root can write to a path: to the folders that lead there, too, where others could replace it.
 *
 * @param {string} path absolute; it need not exist
 * @returns {boolean}
 */
function isSafe(path) {
  const parent = dirname(path)
  try {
    if (realpathSync(path) !== path) return isSafe(realpathSync(path))
    const { uid, mode } = statSync(path)
    const known = uid === process.getuid?.() || uid === 0
    return known && ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0) && (parent === path || isSafe(parent))
  } catch {
    return parent !== path && isSafe(parent)
  }
}

/**
 * @param {string} folder
 * @returns {boolean | undefined} whether it is a folder in which nobody else can write; undefined if there is none
 */
function isOwnFolder(folder) {
  try {
    const found = lstatSync(folder, { throwIfNoEntry: false })
    return found && found.isDirectory() && isOwn(found)
  } catch {
    // Below a file, or below a folder that this user may not look into: the program itself says so where it matters.
    return false
  }
}

/** @param {import("node:fs").Stats} stats */
function isOwn({ uid, mode }) {
  return uid === process.getuid?.() && (mode & WRITABLE_BY_OTHERS) === 0
}

/**
 * @param {string} place one of {@link placesFor}
 * @param {string} name
 * @returns {string | undefined} the folder of a bundle, if it is whole
 */
export function findBundle(place, name) {
  const folder = join(place, name)
  try {
    if (!isOwnFolder(folder)) return undefined
    /** @type {Manifest} */
    const { files, needs } = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8"))
    const whole = Object.entries(files).every(([file, bytes]) => {
      const found = lstatSync(join(folder, file))
      return found.isFile() && found.size === bytes && isOwn(found)
    })
    return whole && needs.every((other) => findBundle(place, other) !== undefined) ? folder : undefined
  } catch {
    // Whatever is wrong with it, it is made again.
    return undefined
  }
}

/**
 * Puts a bundle in its place as a whole or not at all. Several processes may do so at once.
 *
 * @param {string} place one of {@link placesFor}
 * @param {string} name
 * @param {Record<string, Uint8Array>} contents by file name
 * @param {string[]} needs
 * @returns {Promise<string>} its folder
 * @throws Node's error if the place cannot be written
 */
export async function storeBundle(place, name, contents, needs) {
  // Whatever the umask, which may let a group write.
  mkdirSync(place, { recursive: true, mode: 0o700 })
  prune(place)
  const fresh = mkdtempSync(join(place, PARTIAL))
  try {
    const entries = Object.entries(contents)
    /** @type {Manifest} */
    const manifest = { files: Object.fromEntries(entries.map(([file, { length }]) => [file, length])), needs }
    const all = [...entries, /** @type {const} */ ([MANIFEST, Buffer.from(JSON.stringify(manifest))])]
    await Promise.all(all.map(([file, content]) => write(join(fresh, file), content)))
    return move(fresh, place, name)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/**
 * Onto the disk, not only into its cache: after a power failure, a renamed folder could otherwise have files of the right size and zeros.
 *
 * @param {string} path
 * @param {Uint8Array} content
 */
async function write(path, content) {
  const file = await open(path, "wx", 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * @param {string} fresh
 * @param {string} place
 * @param {string} name
 */
function move(fresh, place, name) {
  const folder = join(place, name)
  if (findBundle(place, name) === undefined) {
    // A broken one is moved away first, because a folder with files is not replaced.
    const broken = `${fresh}.old`
    try {
      renameSync(folder, broken)
    } catch {
      // There is none.
    }
    try {
      renameSync(fresh, folder)
    } catch (error) {
      // Another process may have been faster.
      if (findBundle(place, name) === undefined) throw error
    } finally {
      rmSync(broken, { recursive: true, force: true })
    }
  }
  return folder
}

/**
 * Removes old bundles, and what processes that were killed left half-written.
 *
 * @param {string} place
 */
function prune(place) {
  const entries = readdirSync(place).flatMap((name) => {
    const found = lstatSync(join(place, name), { throwIfNoEntry: false })
    return found === undefined ? [] : [{ path: join(place, name), name, time: found.mtimeMs }]
  })
  const partial = entries.filter(({ name }) => name.startsWith(PARTIAL))
  const bundles = entries.filter(({ name }) => !name.startsWith(PARTIAL)).sort((a, b) => b.time - a.time)
  const abandoned = partial.filter(({ time }) => time < Date.now() - ABANDONED_MILLISECONDS)
  const old = ["program-", "client-"].flatMap((kind) => bundles.filter(({ name }) => name.startsWith(kind)).slice(KEPT))
  for (const { path } of [...abandoned, ...old]) rmSync(path, { recursive: true, force: true })
}
