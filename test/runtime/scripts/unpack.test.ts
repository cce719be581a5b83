import { execFileSync, spawnSync } from "node:child_process"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { PROJECT_ROOT } from "../../../src/host/paths.js"

const SCRIPT = join(PROJECT_ROOT, "dagger/scripts/unpack.sh")
const hasUnzip = spawnSync("unzip", ["-v"]).status === 0

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unpack-"))
  execFileSync("python3", [join(PROJECT_ROOT, "test/runtime/scripts/hostile-archives.py"), folder])
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs the script in a folder of its own in the place of a container's root. */
function unpack(archive: string, choices: readonly string[] = []) {
  const root = join(folder, "a/b/c", `${archive}.${choices.join(".").replaceAll("/", "-")}`)
  mkdirSync(root, { recursive: true })
  const script = join(root, "unpack.sh")
  writeFileSync(script, readFileSync(SCRIPT, "utf8").replaceAll("/unpacked", `${root}/unpacked`))
  const { status, stdout, stderr } = spawnSync("sh", [script, join(folder, archive), "0", ...choices], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  })
  const said = `${stdout}${stderr}`.replaceAll(root, "")
  const result = join(root, "unpacked")
  const entries = existsSync(result)
    ? readdirSync(result, { recursive: true, encoding: "utf8" })
        .sort()
        .map((name) => `${name} ${(lstatSync(join(result, name)).mode & 0o7777).toString(8)}`)
    : []
  return { status, said, entries }
}

/** Everything that was unpacked by any of them to where it should not be. */
const escaped = () => [
  // Which follows no link, of which these are full.
  ...execFileSync("find", [folder, "-name", "escaped"], { encoding: "utf8" }).split("\n").slice(0, -1),
  ...(existsSync("/escaped") ? ["/escaped"] : []),
]

const OUTSIDE = /^the archive has an entry outside of its folder: /m
const SPECIAL = /^the archive has an entry that is neither file, folder nor link: /m
const TWICE = /^the archive has two entries of one name: hello$/m
const LARGE = /^the archive has 96\d{8} bytes when it is unpacked, more than 8589934592$/m

describe("an archive is refused", () => {
  const cases: [string, RegExp][] = [
    ["parent.tar.gz", OUTSIDE],
    ["parent-within.tar.gz", OUTSIDE],
    ["absolute.tar.gz", OUTSIDE],
    ["through-link.tar.gz", /out\/escaped: Cannot open: Not a directory/],
    ["through-relative-link.tar.gz", /out\/escaped: Cannot open: Not a directory/],
    ["hard-link.tar.gz", /out: Cannot hard link to .* No such file or directory/],
    ["hard-link-by-parent.tar.gz", /out: Cannot hard link to .* No such file or directory/],
    ["character-device.tar.gz", SPECIAL],
    ["block-device.tar.gz", SPECIAL],
    ["pipe.tar.gz", SPECIAL],
    ["duplicate.tar.gz", TWICE],
    ["long-name.tar.gz", /File name too long/],
    ["long-path.tar.gz", /File name too long/],
    ["bomb.tar.gz", LARGE],
    ["parent.zip", OUTSIDE],
    ["absolute.zip", OUTSIDE],
    ["through-link.zip", /exists but is not directory/],
    ["long-name.zip", /File name too long/],
    ["duplicate.zip", TWICE],
    ["bomb.zip", LARGE],
  ]
  it.each(cases.filter(([name]) => hasUnzip || !name.endsWith(".zip")))("%s", (name, message) => {
    const { status, said } = unpack(name)
    expect(status).not.toBe(0)
    expect(said).toMatch(message)
    expect(escaped()).toEqual([])
  })

  it("from which a file is wanted that is behind a link", () => {
    const { status, said } = unpack("link-for-wanted.tar.gz", ["+bin/kept"])
    expect({ status, said }).toEqual({ status: 5, said: "the archive has a link in the place of a folder: bin\n" })
    expect(unpack("link-for-wanted.tar.gz", ["-bin/kept"]).status).toBe(5)
    expect(existsSync(join(folder, "outside/kept"))).toBe(true)
  })
})

describe("an archive is unpacked without what it asks for", () => {
  it.each(["good.tar.gz", ...(hasUnzip ? ["good.zip"] : [])])("%s: no rights to change identity", (name) => {
    expect(unpack(name)).toEqual({
      status: 0,
      said: "",
      entries: ["bin 755", "bin/hello 755", "hello 644", "link 777"],
    })
  })

  it.skipIf(!hasUnzip)("a pipe in a zip is a file", () => {
    expect(unpack("pipe.zip").entries).toEqual(["hello 644", "pipe 644"])
  })
})
