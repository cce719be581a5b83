import { execFileSync } from "node:child_process"
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  changedPrograms,
  refuseChangedPrograms,
  removeForeignInputs,
} from "../../../docker/runtime/src/runner/programs.js"
import { failureOf } from "../github/scripted-server.js"

let top: string
let folder: string
let manifest: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "runner-programs-"))
  folder = join(top, "runner")
  manifest = join(top, "runner.sha256")
  mkdirSync(join(folder, "bin/deep"), { recursive: true })
  for (const name of ["run.sh", "config.sh", "bin/Runner.Listener", "bin/deep/one.dll"])
    writeFileSync(join(folder, name), `the image's ${name}`)
  symlinkSync("Runner.Listener", join(folder, "bin/link"))
  const sums = execFileSync("sha256sum", ["run.sh", "config.sh", "bin/Runner.Listener", "bin/deep/one.dll"], {
    cwd: folder,
    encoding: "utf8",
  })
  writeFileSync(manifest, `${sums}link:Runner.Listener  bin/link\n`)
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

const at = (name: string): string => join(folder, name)
const changes = () => changedPrograms(folder, manifest)

describe("the runner's programs", () => {
  it("are those of the image, whatever else is there", async () => {
    mkdirSync(at("_work"))
    for (const name of [".runner", "_work/run.sh", "notes.txt"]) writeFileSync(at(name), "of a job")
    expect(await changes()).toEqual([])
    await refuseChangedPrograms(folder, manifest)
  })

  it.each<[string, () => void, string[]]>([
    ["changed", () => writeFileSync(at("config.sh"), "of a job"), ["config.sh is changed"]],
    ["missing", () => rmSync(at("bin/deep/one.dll")), ["bin/deep/one.dll is missing"]],
    ["more", () => writeFileSync(at("bin/deep/more.dll"), ""), ["bin/deep/more.dll is not from the image"]],
    [
      "a link to what is the same",
      () => {
        writeFileSync(join(top, "same"), "the image's run.sh")
        rmSync(at("run.sh"))
        symlinkSync(join(top, "same"), at("run.sh"))
      },
      ["run.sh is changed"],
    ],
    [
      "a link that leads elsewhere",
      () => {
        rmSync(at("bin/link"))
        symlinkSync("/bin/sh", at("bin/link"))
      },
      ["bin/link is changed"],
    ],
    [
      "a folder in a file's place",
      () => {
        rmSync(at("run.sh"))
        mkdirSync(at("run.sh"))
      },
      ["run.sh is missing"],
    ],
    [
      "a pipe in a file's place, which nobody waits for",
      () => {
        rmSync(at("run.sh"))
        execFileSync("mkfifo", [at("run.sh")])
      },
      ["run.sh is missing"],
    ],
  ])("%s", async (_, change, expected) => {
    change()
    expect(await changes()).toEqual(expected)
    expect(await failureOf(refuseChangedPrograms(folder, manifest))).toContain(expected[0])
  })

  it("in another folder, which a link leads to, are not the image's", async () => {
    execFileSync("mv", [at("bin"), join(top, "elsewhere")])
    symlinkSync(join(top, "elsewhere"), at("bin"))
    writeFileSync(join(top, "elsewhere/more.dll"), "of a job")
    expect(await changes()).toEqual(["bin is not a folder"])
  })

  it("that changed are named, but not all of many", async () => {
    for (const name of "abcde") writeFileSync(at(`bin/${name}.dll`), "")
    expect(await failureOf(refuseChangedPrograms(folder, manifest))).toMatchInlineSnapshot(
      `"REGISTRATION: the runner's programs are no longer those of the image, and get no token: bin/a.dll is not from the image, bin/b.dll is not from the image, bin/c.dll is not from the image, and 2 more | A job changed them, or the runner updated itself. Recreate the container, as docker compose up --force-recreate does. With DISABLE_AUTO_UPDATE=true, or with a read-only root, they stay unchanged."`,
    )
  })

  it("without the image's list get nothing", async () => {
    rmSync(manifest)
    expect((await failureOf(refuseChangedPrograms(folder, manifest))).replaceAll(top, "")).toMatchInlineSnapshot(
      `"UNCLASSIFIED: /runner.sha256, the list of the runner's programs, cannot be read | The image is damaged, or not one of this project. Pull or build it again."`,
    )
  })
})

describe.skipIf(process.getuid?.() !== 0)("what the runner would read as its environment", () => {
  it("is removed when it is another user's, and stays when it is root's", () => {
    for (const name of [".env", ".path", ".proxy"]) writeFileSync(at(name), "x=1")
    chownSync(at(".env"), 1001, 1001)
    chownSync(at(".proxy"), 1001, 1001)
    writeFileSync(join(top, "precious"), "")
    symlinkSync(join(top, "precious"), at(".certificates"))
    execFileSync("chown", ["-h", "1001:1001", at(".certificates")])
    expect(removeForeignInputs(folder)).toEqual([".env", ".certificates", ".proxy"])
    expect([".env", ".path", ".proxy", ".certificates"].map((name) => existsSync(at(name)))).toEqual([
      false,
      true,
      false,
      false,
    ])
    expect(existsSync(join(top, "precious"))).toBe(true)
  })
})
