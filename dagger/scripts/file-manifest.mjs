// file-manifest.mjs ROOT [REPLACEMENTS]: prints one line of JSON per path of a root, the root itself included: type, mode, owner, size,
// SHA-256 of the content, link target, extended attributes, device, and for a file with several names what they have in common. No times.
// With REPLACEMENTS, JSON of pairs of a regular expression and what to put in its place, also which kind of machine code a file is, in
// place of its SHA-256, and SHA-256 of a text after these replacements, where they change it. Every path is printed, or it fails.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import { elfKind } from "./scan/elf.mjs"

const [, , root, given] = process.argv
const replacements =
  given === undefined ? undefined : JSON.parse(given).map(([pattern, by]) => [new RegExp(pattern, "g"), by])

/** Extended attributes by path, as getfattr(1) prints them: `# file: PATH`, then `NAME=VALUE` lines. */
function attributes() {
  const options = [
    "--recursive",
    "--physical",
    "--no-dereference",
    "--dump",
    "--encoding=hex",
    "--match=-",
    "--absolute-names",
    root,
  ]
  const output = execFileSync("getfattr", options, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "ignore"],
  })
  const found = new Map()
  for (const block of output.split("\n\n")) {
    const [head = "", ...values] = block.trim().split("\n")
    if (head.startsWith("# file: ")) found.set(unquoted(head.slice("# file: ".length)), values.sort())
  }
  return found
}

/** getfattr spells line breaks and backslashes of names in octal. */
function unquoted(name) {
  return name.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)))
}

/** @param {import("node:fs").Stats} stat */
function typeOf(stat) {
  return stat.isFile() ? "file" : stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "special"
}

/** @param {import("node:fs").Stats} stat */
function deviceOf(stat) {
  if (stat.isCharacterDevice()) return `character ${stat.rdev}`
  if (stat.isBlockDevice()) return `block ${stat.rdev}`
  return stat.isFIFO() ? "fifo" : "socket"
}

/** @param {Buffer | string} bytes */
function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex")
}

/** The kind of machine code in a file, if it is one: https://learn.microsoft.com/windows/win32/debug/pe-format has .NET's. @param {Buffer} bytes */
function codeOf(bytes) {
  const elf = elfKind(bytes)
  if (elf !== undefined) return `ELF ${elf}`
  if (bytes.subarray(0, 8).equals(Buffer.from("!<arch>\n"))) return "archive"
  if (bytes.length < 64 || bytes.toString("latin1", 0, 2) !== "MZ") return undefined
  const header = bytes.readUInt32LE(60)
  return bytes.toString("latin1", header, header + 4) === "PE\0\0" ? "assembly" : undefined
}

/** SHA-256 of a text after the replacements, where they change it. @param {Buffer} bytes */
function archNeutralOf(bytes) {
  if (bytes.includes(0)) return undefined
  // A character for each byte, so that nothing is lost of a text in whatever encoding.
  const text = bytes.toString("latin1")
  const made = replacements.reduce((left, [pattern, by]) => left.replace(pattern, by), text)
  return made === text ? undefined : sha256(Buffer.from(made, "latin1"))
}

const xattrs = attributes()

function print(path) {
  const full = join(root, path)
  const stat = lstatSync(full)
  const type = typeOf(stat)
  const entry = { path, type, mode: (stat.mode & 0o7777).toString(8), owner: `${stat.uid}:${stat.gid}` }
  if (type === "file") {
    entry.size = stat.size
    const bytes = readFileSync(full)
    if (replacements) Object.assign(entry, { code: codeOf(bytes), archNeutral: archNeutralOf(bytes) })
    if (entry.code === undefined) entry.sha256 = sha256(bytes)
  }
  if (type === "link") entry.target = readlinkSync(full)
  if (type === "special") entry.device = deviceOf(stat)
  if (type !== "folder" && stat.nlink > 1) entry.inode = `${stat.dev}:${stat.ino}`
  const attributes = xattrs.get(full)
  if (attributes) {
    entry.xattrs = attributes
    xattrs.delete(full)
  }
  lines.push(JSON.stringify(entry))
  if (type === "folder") for (const name of readdirSync(full).sort()) print(join(path, name))
}

const lines = []
print("/")
if (xattrs.size > 0) throw new Error(`attributes of paths that were not found: ${[...xattrs.keys()].join(" ")}`)
process.stdout.write(`${lines.join("\n")}\n`)
