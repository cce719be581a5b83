import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { folderDigest } from "../../../src/input/folder-digest.js"

const work = mkdtempSync(join(tmpdir(), "runner-images-folder-digest-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})
let count = 0
const EXCLUDE = [".env", "secrets", "**/node_modules"]

/** A folder with something of each kind. */
function folder(): string {
  const root = join(work, String(++count))
  for (const path of ["below/deeper", "secrets", "below/node_modules", "node_modules"])
    mkdirSync(join(root, path), { recursive: true })
  const files = { "a.txt": "a", "below/deeper/b.sh": "#!/bin/sh\n", ".env": "TOKEN=1", "secrets/key": "1" }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text)
  writeFileSync(join(root, "below/node_modules/x.js"), "1")
  symlinkSync("a.txt", join(root, "link"))
  // Larger than what is read in one piece.
  writeFileSync(join(root, "large"), Buffer.alloc(3 << 20))
  return root
}

it.each<[string, (root: string) => void]>([
  ["modes", (root) => chmodSync(join(root, "below/deeper/b.sh"), 0o755)],
  ["times", (root) => utimesSync(join(root, "a.txt"), 0, 0)],
  ["excluded files at the top", (root) => writeFileSync(join(root, ".env"), "TOKEN=2")],
  ["excluded folders at the top", (root) => writeFileSync(join(root, "secrets/key"), "2")],
  ["excluded folders below", (root) => writeFileSync(join(root, "below/node_modules/x.js"), "2")],
  ["empty folders", (root) => mkdirSync(join(root, "empty"))],
])("%s do not count", async (_, change) => {
  const root = folder()
  const before = await folderDigest(root, EXCLUDE)
  change(root)
  expect(await folderDigest(root, EXCLUDE)).toBe(before)
})

it.each<[string, (root: string) => void]>([
  ["a content", (root) => writeFileSync(join(root, "a.txt"), "b")],
  [
    "a large file's last byte",
    (root) => writeFileSync(join(root, "large"), Buffer.alloc(3 << 20).fill(1, (3 << 20) - 1)),
  ],
  ["a name", (root) => renameSync(join(root, "a.txt"), join(root, "c.txt"))],
  ["a new file", (root) => writeFileSync(join(root, "below/new"), "")],
  ["a removed file", (root) => unlinkSync(join(root, "below/deeper/b.sh"))],
  ["a file of an excluded name elsewhere", (root) => writeFileSync(join(root, "below/.env"), "")],
  [
    "a link's target",
    (root) => {
      unlinkSync(join(root, "link"))
      symlinkSync("large", join(root, "link"))
    },
  ],
])("%s counts", async (_, change) => {
  const root = folder()
  const before = await folderDigest(root, EXCLUDE)
  change(root)
  expect(await folderDigest(root, EXCLUDE)).not.toBe(before)
})
