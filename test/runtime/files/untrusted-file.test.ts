import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { printable } from "../../../docker/runtime/src/files/printable.js"
import {
  readUntrusted,
  readUntrustedSync,
  replaceFile,
  replaceFileSync,
  type ReadLimits,
} from "../../../docker/runtime/src/files/untrusted-file.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

type Read = (path: string, limits: ReadLimits) => Promise<string>
type Replace = (path: string, content: string, mode?: number) => Promise<void>

describe.each<[string, Read, Replace]>([
  [
    "at once",
    (path, limits) => Promise.resolve().then(() => readUntrustedSync(path, limits)),
    (path, content, mode) => Promise.resolve().then(() => replaceFileSync(path, content, mode)),
  ],
  ["meanwhile", readUntrusted, replaceFile],
])("a file that jobs can replace, %s", (_, read, replace) => {
  it("is read up to its limit", async () => {
    const path = join(temporaryFolder("untrusted"), "file")
    writeFileSync(path, "0123456789")
    expect(await read(path, { bytes: 10 })).toBe("0123456789")
    expect(await read(path, { bytes: 3, part: "first" })).toBe("012")
    expect(await read(path, { bytes: 3, part: "last" })).toBe("789")
    expect(await read(path, { bytes: 30, part: "last" })).toBe("0123456789")
    await expect(read(path, { bytes: 9 })).rejects.toThrow(`${path} is longer than 9 bytes`)
  })

  it("has no more in it than its limit, whatever size it says it has", async () => {
    await expect(read("/proc/self/status", { bytes: 9 })).rejects.toThrow("/proc/self/status is longer than 9 bytes")
    expect(await read("/proc/self/status", { bytes: 5, part: "first" })).toBe("Name:")
  })

  it("is told apart from what is none", async () => {
    const folder = temporaryFolder("untrusted")
    const path = join(folder, "file")
    await expect(read(path, { bytes: 1 })).rejects.toThrow("ENOENT")
    writeFileSync(path, "")
    symlinkSync("file", join(folder, "link"))
    await expect(read(join(folder, "link"), { bytes: 1 })).rejects.toThrow("link is a link")
    await expect(read(folder, { bytes: 1 })).rejects.toThrow("is no regular file")
    await expect(read(path, { bytes: 1, owner: 4321 })).rejects.toThrow(/belongs to user \d+, not 4321$/)
    linkSync(path, join(folder, "second"))
    await expect(read(path, { bytes: 1 })).rejects.toThrow("has a second name (hard link)")
  })

  it("is replaced by one with this mode, whatever the umask is", async () => {
    const folder = temporaryFolder("untrusted")
    const path = join(folder, "file")
    writeFileSync(path, "old", { mode: 0o600 })
    linkSync(path, join(folder, "second"))
    await replace(path, "new", 0o666)
    expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["new", 0o666])
    expect(readFileSync(join(folder, "second"), "utf8")).toBe("old")
  })

  it("leaves nothing beside it when it cannot be replaced", async () => {
    const folder = temporaryFolder("untrusted")
    mkdirSync(join(folder, "file/with"), { recursive: true })
    await expect(replace(join(folder, "file"), "new")).rejects.toThrow(/EISDIR|ENOTEMPTY/)
    expect(readdirSync(folder)).toEqual(["file"])
  })
})

describe("what can be printed", () => {
  it.each([
    ["plain, ümläut 🙂", "plain, ümläut 🙂"],
    ["\u001b[31mred\u0007\r\n", "?[31mred???"],
    ["\u0085\u009b\u200b\u202e\u2028\u2029\ud800", "???????"],
  ])("of %j", (text, expected) => {
    expect(printable(text, 100)).toBe(expected)
  })

  it("is cut, in the middle of a pair too", () => {
    expect(printable("abc🙂", 4)).toBe("abc?")
  })
})
