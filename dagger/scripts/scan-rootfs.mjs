// scan-rootfs.mjs ROOT KIND TRIPLET MODES [PATH…]: prints as JSON what the static checks need to know of an image's files, in one pass that
// reads headers, and the content of small files, which may hold secrets; and the packages of npm. Reads, never executes.
//
// KIND is the class and machine of the image's own programs (`64/62`), TRIPLET its multiarch folder, MODES its file of the modes that packages
// ship. Of every PATH is told what it is; of every path that may be wrong, what packages say of it.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs"
import { join } from "node:path"
import { HEADER_BYTES, readElf } from "./scan/elf.mjs"
import { identities } from "./scan/identities.mjs"
import { isKeyStore, privateKeyIn } from "./scan/keys.mjs"
import { leftovers } from "./scan/leftovers.mjs"
import { Libraries } from "./scan/libraries.mjs"
import { npmPackages } from "./scan/npm.mjs"
import { Packages } from "./scan/packages.mjs"
import { LARGEST_SECRET_FILE, mayHoldSecrets, secretsIn } from "./scan/secrets.mjs"
import { kindOf, Tree } from "./scan/tree.mjs"

const [root, kind, triplet, modes, ...questions] = process.argv.slice(2)
const SETUID_OR_SETGID = 0o6000
const WORLD_WRITABLE = 0o002
/** In bytes; Java's store of the distribution's certificates has 170 kB. */
const LARGEST_KEY_STORE = 16_777_216
/** The kernel's: whatever a container leaves there is only asked what it may do. */
const KERNELS_OWN = new Set(["/proc", "/sys", "/dev"])

const tree = new Tree(root)
/** @type {Map<string, import("./scan/elf.mjs").Elf>} */
const elves = new Map()
/** @type {string[]} */
const setuid = []
/** @type {string[]} */
const special = []
/** @type {string[]} */
const writable = []
/** @type {string[]} */
const secrets = []
/** @type {{ path: string, reason: string }[]} */
const damaged = []
let files = 0

const buffer = Buffer.alloc(Math.max(HEADER_BYTES, LARGEST_SECRET_FILE))

/** @param {string} path absolute within the image @param {number} size */
function readContent(path, size) {
  const small = size <= LARGEST_SECRET_FILE
  const file = openSync(tree.outside(path), "r")
  try {
    const head = buffer.subarray(0, readSync(file, buffer, 0, small ? LARGEST_SECRET_FILE : HEADER_BYTES, 0))
    const elf = readElf(head, (offset, length) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    })
    if (elf) elves.set(path, elf)
    else if (small || (size <= LARGEST_KEY_STORE && isKeyStore(head))) {
      const content = small ? head : readFileSync(tree.outside(path))
      const key = privateKeyIn(content)
      const found = mayHoldSecrets(path) ? secretsIn(path, content) : []
      for (const secret of key === undefined ? found : [...found, key]) secrets.push(`${path}: ${secret}`)
    }
  } catch (error) {
    damaged.push({ path, reason: error instanceof Error ? error.message : String(error) })
  } finally {
    closeSync(file)
  }
}

/** @param {string} path absolute within the image @param {import("node:fs").Stats} stat */
function modeOf({ mode }) {
  return (mode & 0o7777).toString(8)
}

/** @param {import("node:fs").Stats} stat */
function specialOf(stat) {
  if (stat.isBlockDevice()) return "block device"
  if (stat.isCharacterDevice()) return "character device"
  return stat.isFIFO() ? "fifo" : "socket"
}

/** @param {string} folder absolute within the image @param {boolean} kernels whether it is below one of the kernel's */
function walk(folder, kernels = false) {
  for (const entry of readdirSync(tree.outside(folder), { withFileTypes: true })) {
    const path = join(folder, entry.name)
    const type = kindOf(entry)
    if (!kernels) {
      tree.entries.set(path, type)
      if (type !== "folder") files++
    }
    if (type === "link") continue
    const stat = lstatSync(tree.outside(path))
    if (stat.mode & SETUID_OR_SETGID) setuid.push(`${path} ${modeOf(stat)}`)
    if (type === "other") special.push(`${path} ${specialOf(stat)}`)
    const kernelsOwn = kernels || KERNELS_OWN.has(path)
    if (type === "folder") walk(path, kernelsOwn)
    if (kernelsOwn) continue
    if (stat.mode & WORLD_WRITABLE) writable.push(`${path} ${modeOf(stat)}`)
    if (type === "file" && stat.size > 0) readContent(path, stat.size)
  }
}

/** Files with capabilities, or nothing where getfattr is not installed. @returns {string[] | undefined} */
function capabilities() {
  const options = [
    "--recursive",
    "--physical",
    "--no-dereference",
    "--absolute-names",
    "--name=security.capability",
    root,
  ]
  try {
    const output = execFileSync("getfattr", options, {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "ignore"],
    })
    return paths(output)
  } catch (error) {
    // It says so with its exit code when files have no such attribute.
    if (error.code === "ENOENT") return undefined
    if (typeof error.stdout === "string" && error.status === 1) return paths(error.stdout)
    throw error
  }
}

/** @param {string} output of getfattr(1): `# file: PATH` before the attributes of each */
function paths(output) {
  const outside = root.replace(/\/+$/, "")
  return [...output.matchAll(/^# file: (.*)$/gm)].map(([, path]) => path.slice(outside.length)).sort()
}

/** @param {string} path */
function answer(path) {
  const real = tree.resolve(path)
  if (real === undefined) return null
  const stat = lstatSync(tree.outside(real))
  const type = tree.entries.get(real)
  const found = { type, mode: modeOf(stat), owner: `${stat.uid}:${stat.gid}` }
  if (type !== "file") return found
  const interpreter = elves.get(real)?.interpreter
  return {
    ...found,
    sha256: sha256(real),
    ...(interpreter === undefined
      ? {}
      : { interpreter: { path: interpreter, sha256: sha256(tree.resolve(interpreter)) } }),
  }
}

/** @param {string | undefined} path without symbolic links @returns {string | undefined} undefined when it is no file */
function sha256(path) {
  if (path === undefined || tree.entries.get(path) !== "file") return undefined
  return createHash("sha256")
    .update(readFileSync(tree.outside(path)))
    .digest("hex")
}

walk("/")
const foreignArchitecture = [...elves]
  .filter(([, elf]) => elf.kind !== kind)
  .map(([path, elf]) => ({ path, kind: elf.kind }))
const missing = new Libraries(tree, elves, kind, triplet).missing()
const left = leftovers(tree)
/** @param {string} text a path, and after it what is said of it */
const pathBefore = (text, separator) => text.slice(0, text.lastIndexOf(separator))
const suspects = [
  ...foreignArchitecture.map(({ path }) => path),
  ...damaged.map(({ path }) => path),
  ...missing.flatMap(({ path, elsewhere = [] }) => [path, ...elsewhere]),
  ...[...setuid, ...writable].map((text) => pathBefore(text, " ")),
  ...secrets.map((text) => pathBefore(text, ": ")),
  ...left,
]
console.log(
  JSON.stringify({
    files,
    programs: elves.size - foreignArchitecture.length,
    foreignArchitecture,
    damaged,
    missing,
    setuid: setuid.sort(),
    special: special.sort(),
    capabilities: capabilities(),
    writable: writable.sort(),
    leftovers: left,
    secrets: secrets.sort(),
    identities: identities(tree),
    top: [...tree.entries.keys()].filter((path) => /^\/[^/]+$/.test(path)).sort(),
    packaged: new Packages(tree, modes).about(suspects.filter((path) => tree.entries.has(path))),
    npm: npmPackages(tree),
    paths: Object.fromEntries(questions.map((path) => [path, answer(path)])),
  }),
)
