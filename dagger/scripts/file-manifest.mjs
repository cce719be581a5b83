// file-manifest.mjs ROOT: prints one line of JSON per path below a root, in order of the paths: type, mode, owner, size, SHA-256 of the
// content, link target, extended attributes, and the first path of its hard-link group. No times.
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
    if (head.startsWith("# file: ")) found.set(head.slice("# file: ".length), values.sort())
  }
  return found
}

const xattrs = attributes()
const groups = new Map()

function walk(folder) {
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = `${folder}/${name}`
    const full = join(root, path)
    const stat = lstatSync(full)
    const type = stat.isFile() ? "file" : stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "special"
    const entry = { path, type, mode: (stat.mode & 0o7777).toString(8), owner: `${stat.uid}:${stat.gid}` }
    if (type === "file") {
      entry.size = stat.size
      entry.sha256 = createHash("sha256").update(readFileSync(full)).digest("hex")
    }
    if (type === "file" && stat.nlink > 1) {
      if (!groups.has(stat.ino)) groups.set(stat.ino, path)
      entry.linkedWith = groups.get(stat.ino)
    }
    if (type === "link") entry.target = readlinkSync(full)
    if (type === "special") entry.device = stat.rdev
    if (xattrs.has(full)) entry.xattrs = xattrs.get(full)
    console.log(JSON.stringify(entry))
    if (type === "folder") walk(path)
  }
}

walk("")
