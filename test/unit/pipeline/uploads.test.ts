import type { Directory } from "@dagger.io/dagger"
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { filesIn, Uploads } from "../../../dagger/src/pipeline/engine/uploads.js"
import { dockerFiles } from "../../../dagger/src/pipeline/image/docker-files.js"
import { temporaryFolder } from "../temporary-folder.js"

/** Uploads of which only the folders are known; an engine would load them. */
function recorded() {
  const loaded: string[] = []
  const uploads = new Uploads({
    folder: temporaryFolder("uploads"),
    load: (path) => {
      loaded.push(path)
      return { path } as unknown as Directory
    },
  })
  return { uploads, loaded }
}

const modeOf = (path: string) => (lstatSync(path).mode & 0o7777).toString(8)

describe("an upload", () => {
  let umask: number
  beforeEach(() => {
    umask = process.umask(0o077)
  })
  afterEach(() => {
    process.umask(umask)
  })

  it("has modes and times that do not depend on this machine", () => {
    const { uploads, loaded } = recorded()
    uploads.directory({
      "bin/program.sh": "#!/bin/sh\n",
      "share/text": "text",
      "share/private": { content: Buffer.from([0xff]), mode: 0o600 },
      "share/link": { link: "text" },
    })
    const [folder = ""] = loaded
    expect(
      ["", "bin", "bin/program.sh", "share/text", "share/private"].map((path) => modeOf(join(folder, path))),
    ).toEqual(["755", "755", "755", "644", "600"])
    expect(lstatSync(join(folder, "share/text")).mtime.toISOString()).toBe("1980-01-01T00:00:00.000Z")
    expect(readFileSync(join(folder, "share/private"))).toEqual(Buffer.from([0xff]))
    expect(readlinkSync(join(folder, "share/link"))).toBe("text")
  })
})

it("equal files are loaded once, different ones each", () => {
  const { uploads, loaded } = recorded()
  const one = uploads.directory({ a: "1" })
  expect(uploads.directory({ a: "1" })).toBe(one)
  for (const other of [{ a: "2" }, { b: "1" }, { a: { content: "1", mode: 0o600 } }, { a: { link: "1" } }])
    expect(uploads.directory(other)).not.toBe(one)
  expect(new Set(loaded).size).toBe(5)
})

it("a path of a file may be absolute, as in an image", () => {
  const { uploads, loaded } = recorded()
  uploads.directory({ "/etc/name": "text" })
  expect(readdirSync(join(loaded[0] ?? "", "etc"))).toEqual(["name"])
})

it("the files of a folder are all that it and its folders contain, through links too", () => {
  const folder = temporaryFolder("uploads")
  mkdirSync(join(folder, "below"))
  writeFileSync(join(folder, "below/file"), "text")
  symlinkSync("below/file", join(folder, "link"))
  expect(filesIn(folder)).toEqual({
    "below/file": { content: Buffer.from("text") },
    link: { content: Buffer.from("text") },
  })
})

it("secrets and installed packages that people keep in docker/ are not read", () => {
  const folder = temporaryFolder("uploads")
  const paths = [".env", "secrets/key", "node_modules/one/index.js", "runtime/node_modules/two.js", "runtime/secrets"]
  for (const path of paths) {
    mkdirSync(join(folder, path, ".."), { recursive: true })
    writeFileSync(join(folder, path), path)
  }
  expect(Object.keys(dockerFiles(folder))).toEqual(["runtime/secrets"])
})
