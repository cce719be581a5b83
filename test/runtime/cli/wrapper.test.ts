import { execa } from "execa"
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { describe, expect, it } from "vitest"
import { fakeProject, lock, run, WORK } from "./fake-project.js"

describe("the wrapper", () => {
  it("installs dependencies once, and again when the lock file changed", async () => {
    const root = fakeProject("install")
    const first = await run(root, ["plan", "two words"])
    expect(first).toMatchObject({ exitCode: 0, stdout: JSON.stringify([WORK, ["plan", "two words"]]) })
    expect(first.stderr).toBe("Installing dependencies …")
    expect((await run(root, [])).stderr).toBe("")
    lock(root, "1.0.1")
    expect((await run(root, [])).stderr).toBe("Installing dependencies …")
    expect((await run(root, [])).stderr).toBe("")
  })

  it("works from any folder, and through a chain of symbolic links", async () => {
    const root = fakeProject("linked")
    const bin = join(WORK, "bin")
    mkdirSync(bin)
    symlinkSync(join(root, "runner-images"), join(bin, "absolute"))
    symlinkSync("absolute", join(bin, "relative"))
    const { stdout } = await execa(join(bin, "relative"), ["--version"], { cwd: tmpdir() })
    expect(stdout).toBe(JSON.stringify([tmpdir(), ["--version"]]))
  })

  it("installs once when two start at the same time", async () => {
    const root = fakeProject("twice")
    const both = await Promise.all([run(root, []), run(root, [])])
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(both.filter(({ stderr }) => stderr === "Installing dependencies …")).toHaveLength(1)
    expect(readdirSync(root)).not.toContain(".dependencies.lock")
  })

  it("gets past the lock of a process that died", async () => {
    const root = fakeProject("stale")
    symlinkSync("pid-99999999", join(root, ".dependencies.lock"))
    expect(await run(root, [])).toMatchObject({ exitCode: 0, stderr: "Installing dependencies …" })
  })

  it("shows what npm said when it failed, and starts over the next time", async () => {
    const root = fakeProject("broken")
    rmSync(join(root, "package.json"))
    const failed = await run(root, [])
    expect(failed.exitCode).toBe(1)
    expect(failed.stderr).toMatch(/npm error/)
    expect(failed.stderr).toContain("error: The dependencies could not be installed. [DEPENDENCIES]")
    expect(existsSync(join(root, ".dependencies.lock"))).toBe(false)
    lock(root, "1.0.0")
    expect((await run(root, [])).exitCode).toBe(0)
  })
})

describe("without a usable Node.js, the wrapper names the command that brings one:", () => {
  /** A folder of programs with everything that the wrapper needs but Node.js. */
  function programs(name: string, node?: string): string {
    const folder = join(WORK, name)
    mkdirSync(folder)
    const wanted = ["sh", "dirname", "readlink", "uname", "id", "sed", "apt-get", "apt-cache", "dpkg", "dnf", "apk"]
    for (const program of wanted) {
      const found = (process.env.PATH ?? "")
        .split(delimiter)
        .map((place) => join(place, program))
        .find(isProgram)
      if (found !== undefined) symlinkSync(found, join(folder, program))
    }
    if (node !== undefined) {
      writeFileSync(join(folder, "node"), node)
      chmodSync(join(folder, "node"), 0o755)
    }
    return folder
  }
  const isProgram = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  const COMMAND = /^Install it: (?:sudo )?(?:apt-get|dnf|apk|pacman|brew|curl) .+$/

  it("there is none", async () => {
    const { exitCode, stderr, stdout } = await run(fakeProject("none"), [], { env: { PATH: programs("no-node") } })
    const [problem, remedy, ...more] = stderr.split("\n")
    expect({ exitCode, stdout, more, problem }).toEqual({
      exitCode: 1,
      stdout: "",
      more: [],
      problem: "error: Node.js is not installed, and runner-images needs 20.19 or newer. [NODE_MISSING]",
    })
    expect(remedy).toMatch(COMMAND)
  })

  it.each(["v18.20.4", "v20.18.9", "v9.99.0"])("it is too old: %s", async (version) => {
    const folder = programs(`node-${version}`, `#!/bin/sh\necho ${version}\n`)
    const { exitCode, stderr } = await run(fakeProject(`old-${version}`), [], { env: { PATH: folder } })
    const [problem, remedy] = stderr.split("\n")
    expect(exitCode).toBe(1)
    expect(problem).toBe(`error: Node.js ${version} is too old, runner-images needs 20.19 or newer. [NODE_MISSING]`)
    expect(remedy).toMatch(COMMAND)
  })

  it.each(["v20.19.0", "v21.0.0", "v100.2.3"])("only npm is missing: %s", async (version) => {
    const folder = programs(`node-${version}`, `#!/bin/sh\necho ${version}\n`)
    const { stderr } = await run(fakeProject(`new-${version}`), [], { env: { PATH: folder } })
    expect(stderr.split("\n")[0]).toBe("error: Node.js is here, but its package manager npm is not. [NODE_MISSING]")
  })
})
