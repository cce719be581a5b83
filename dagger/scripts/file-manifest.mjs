// file-manifest.mjs ROOT: prints one line of JSON per path of a root, the root itself included: type, mode, owner, size, SHA-256 of the
// content, link target, extended attributes, device, and for a file with several names what they have in common. No times.
// Every path is printed, or it fails.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"

const root = process.argv[2]

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

const xattrs = attributes()

function print(path) {
  const full = join(root, path)
  const stat = lstatSync(full)
  const type = typeOf(stat)
  const entry = { path, type, mode: (stat.mode & 0o7777).toString(8), owner: `${stat.uid}:${stat.gid}` }
  if (type === "file") {
    entry.size = stat.size
    entry.sha256 = createHash("sha256").update(readFileSync(full)).digest("hex")
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
