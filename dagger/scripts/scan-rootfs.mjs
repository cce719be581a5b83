// scan-rootfs.mjs ROOT: prints as JSON what the static checks need to know of an image's files. Reads, never executes.
import { lstatSync, openSync, readSync, closeSync, readdirSync } from "node:fs"
import { join } from "node:path"

const root = process.argv[2] ?? "/target"
const SETUID_OR_SETGID = 0o6000
const FOREIGN_SYSTEMS = new Set(["/proc", "/sys", "/dev"])

/** @type {Record<string, { count: number, examples: string[] }>} ELF files by `class/machine` */
const elf = {}
/** @type {string[]} */
const setuid = []
/** @type {string[]} */
const leftovers = []
let files = 0

/** @param {string} path the file in ROOT @returns {string | undefined} `class/machine` of an ELF file */
function elfKind(path) {
  const header = Buffer.alloc(20)
  const file = openSync(path, "r")
  try {
    if (readSync(file, header, 0, 20, 0) < 20) return undefined
  } finally {
    closeSync(file)
  }
  if (header.readUInt32BE(0) !== 0x7f454c46) return undefined
  const littleEndian = header[5] === 1
  return `${header[4] === 2 ? 64 : 32}/${littleEndian ? header.readUInt16LE(18) : header.readUInt16BE(18)}`
}

/** @param {string} path absolute within the image */
function isLeftover(path) {
  return (
    /^\/var\/(log|lib\/apt\/lists|cache\/apt)\//.test(path) ||
    /^\/etc\/(passwd|group|shadow|gshadow)-$/.test(path) ||
    /^\/(root|home\/[^/]+)\/\.(npm|cache)\//.test(path)
  )
}

/** @param {string} folder absolute within the image */
function walk(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!FOREIGN_SYSTEMS.has(path)) walk(path)
      continue
    }
    files++
    if (!entry.isFile()) continue
    const { mode, size } = lstatSync(join(root, path))
    if (mode & SETUID_OR_SETGID) setuid.push(`${path} ${(mode & 0o7777).toString(8)}`)
    if (isLeftover(path)) leftovers.push(path)
    if (size < 20) continue
    const kind = elfKind(join(root, path))
    if (!kind) continue
    const known = (elf[kind] ??= { count: 0, examples: [] })
    known.count++
    if (known.examples.length < 20) known.examples.push(path)
  }
}

walk("/")
console.log(JSON.stringify({ files, elf, setuid: setuid.sort(), leftovers: leftovers.sort() }))
