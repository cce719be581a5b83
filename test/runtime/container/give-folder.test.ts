import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  lchownSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { giveFolder } from "../../../docker/runtime/src/container/accounts/give-folder.js"
import { failureOf } from "../github/scripted-server.js"

const asRoot = process.getuid?.() === 0
const JOB = { uid: 4321, gid: 4322 }

let folder: string
const at = (name: string): string => join(folder, name)
const owner = (name: string): string => `${statSync(at(name)).uid}:${statSync(at(name)).gid}`
const given = (name: string): Promise<string> => failureOf(Promise.resolve().then(() => giveFolder(at(name), JOB)))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-give-"))
  mkdirSync(at("home"))
  chownSync(at("home"), asRoot ? JOB.uid : -1, asRoot ? JOB.gid : -1)
  mkdirSync(at("precious"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!asRoot)("a folder that root gives to the runner's user", () => {
  it("is made, and it alone changes hands", () => {
    giveFolder(at("new/work"), JOB)
    expect([owner("new"), owner("new/work")]).toEqual(["0:0", "4321:4322"])
    writeFileSync(at("new/work/file"), "")
    giveFolder(at("new/work"), JOB)
    expect(owner("new/work/file")).toBe("0:0")
  })

  it("may be reached through root's own links", () => {
    mkdirSync(at("volume"))
    symlinkSync(at("volume"), at("absolute"))
    symlinkSync("../volume", at("home/relative"))
    giveFolder(at("absolute/one"), JOB)
    giveFolder(at("home/relative/two"), JOB)
    expect([owner("volume"), owner("volume/one"), owner("volume/two")]).toEqual(["0:0", "4321:4322", "4321:4322"])
  })

  it.each(["home/work", "home/work/below"])("is not what a job's link leads to: %s", async (wanted) => {
    symlinkSync(at("precious"), at("home/work"))
    lchownSync(at("home/work"), JOB.uid, JOB.gid)
    expect((await given(wanted)).replaceAll(folder, "")).toBe(
      `CONFIGURATION: the folder /${wanted} leads through /home/work, a link of user 4321, and root does not follow another user's link | Remove the link, or set another RUNNER_WORKDIR.`,
    )
    expect([owner("precious"), existsSync(at("precious/below"))]).toEqual(["0:0", false])
    expect(lstatSync(at("home/work")).isSymbolicLink()).toBe(true)
  })

  it("ends where links go round in a circle, or a file is in the way", () => {
    symlinkSync("circle", at("circle"))
    expect(() => giveFolder(at("circle/work"), JOB)).toThrow("ELOOP")
    writeFileSync(at("file"), "")
    expect(() => giveFolder(at("file/work"), JOB)).toThrow("ENOTDIR")
    expect(() => giveFolder(at("file"), JOB)).toThrow("ENOTDIR")
  })
})
