import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { exposingProcesses } from "../../../docker/runtime/src/container/exposed-secrets.js"
import { homeFor } from "../../../docker/runtime/src/container/home.js"
import { prepareWorkFolder } from "../../../docker/runtime/src/container/work-folder.js"
import { failureOf } from "../github/scripted-server.js"

let folder: string
const at = (name: string): string => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-folders-"))
  mkdirSync(at("runner"))
  writeFileSync(at("file"), "")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe("HOME for jobs", () => {
  it.each([
    [undefined, "/the/runner"],
    ["", "/the/runner"],
    ["/", "/the/runner"],
    ["/nowhere", "/the/runner"],
    ["OWN", "OWN"],
  ])("of %j", (given, expected) => {
    const own = (text: string): string => text.replace("OWN", folder)
    expect(homeFor(given === undefined ? {} : { HOME: own(given) }, "/the/runner")).toBe(own(expected))
  })
})

describe("the work folder", () => {
  const runner = (copied: boolean) => ({ path: at("runner"), home: at("runner"), copied })

  it("is made where it is wanted", () => {
    expect(prepareWorkFolder(at("a/b"), runner(false))).toEqual({ path: at("a/b") })
    expect(prepareWorkFolder(at("a/b"), runner(true))).toEqual({ path: at("a/b") })
  })

  it("is in the runner's copy when there is one, and nothing else can be written to", () => {
    const { path, instead } = prepareWorkFolder(at("file/work"), runner(true))
    expect(path).toBe(at("runner/_work"))
    expect(instead?.replaceAll(folder, "")).toBe(
      "jobs work in /runner/_work, because /file/work cannot be used: ENOTDIR",
    )
  })

  it("is an error when it cannot be written to", async () => {
    const failure = await failureOf(Promise.resolve().then(() => prepareWorkFolder(at("file/work"), runner(false))))
    expect(failure.replaceAll(folder, "")).toMatch(
      /^CONFIGURATION: jobs cannot work in \/file\/work: ENOTDIR \| Mount a folder there that user \d+ can write to, or set another RUNNER_WORKDIR\.$/,
    )
  })
})

describe("processes that show a secret", () => {
  it("are found by their environment, whatever else cannot be read", () => {
    for (const [pid, text] of [
      ["1", "A=1\0TOKEN=hidden\0"],
      ["2", "A=1\0"],
    ] as const) {
      mkdirSync(at(pid))
      writeFileSync(at(`${pid}/environ`), text)
    }
    mkdirSync(at("3"))
    mkdirSync(at("self"))
    writeFileSync(at("self/environ"), "TOKEN=hidden")
    chmodSync(at("3"), 0)
    expect(exposingProcesses(["hidden"], folder)).toEqual([1])
    expect(exposingProcesses(["", "other"], folder)).toEqual([])
    expect(exposingProcesses([], "/nowhere")).toEqual([])
  })
})
