import { execa } from "execa"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { ROOT } from "../../unit/cli/command-line.js"

const work = mkdtempSync(join(tmpdir(), "runner-images-wrapper-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

/** A copy of the wrapper in a project whose one dependency is a folder beside it, which npm installs without a network. */
function project(name: string): string {
  const root = join(work, name)
  cpSync(join(ROOT, "runner-images"), join(root, "runner-images"), { recursive: true })
  cpSync(join(ROOT, "scripts"), join(root, "scripts"), { recursive: true })
  for (const folder of ["src", "tsx/dist/esm"]) mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, "tsx/package.json"), JSON.stringify({ name: "tsx", version: "1.0.0", type: "module" }))
  writeFileSync(join(root, "tsx/dist/esm/index.mjs"), `import "${join(ROOT, "node_modules/tsx/dist/esm/index.mjs")}"`)
  writeFileSync(join(root, "tsconfig.json"), "{}")
  writeFileSync(join(root, "src/cli.ts"), "console.log(JSON.stringify([process.cwd(), process.argv.slice(2)]))")
  lock(root, "1.0.0")
  return root
}

/** Writes the files that say what is to be installed. */
function lock(root: string, version: string): void {
  const own = { name: "copy", version, type: "module", dependencies: { tsx: "file:tsx" } }
  writeFileSync(join(root, "package.json"), JSON.stringify(own))
  const packages = { "": own, "node_modules/tsx": { resolved: "tsx", link: true }, tsx: { version: "1.0.0" } }
  writeFileSync(
    join(root, "package-lock.json"),
    JSON.stringify({ name: "copy", version, lockfileVersion: 3, requires: true, packages }),
  )
}

const run = (root: string, words: string[], options: { cwd?: string; env?: Record<string, string> } = {}) =>
  execa(join(root, "runner-images"), words, { reject: false, stdin: "ignore", cwd: work, ...options })

describe("the wrapper", () => {
  it("installs dependencies once, and again when the lock file changed", async () => {
    const root = project("install")
    const first = await run(root, ["plan", "two words"])
    expect(first).toMatchObject({ exitCode: 0, stdout: JSON.stringify([work, ["plan", "two words"]]) })
    expect(first.stderr).toBe("Installing dependencies …")
    expect((await run(root, [])).stderr).toBe("")
    lock(root, "1.0.1")
    expect((await run(root, [])).stderr).toBe("Installing dependencies …")
    expect((await run(root, [])).stderr).toBe("")
  })

  it("works from any folder, and through a chain of symbolic links", async () => {
    const root = project("linked")
    const bin = join(work, "bin")
    mkdirSync(bin)
    symlinkSync(join(root, "runner-images"), join(bin, "absolute"))
    symlinkSync("absolute", join(bin, "relative"))
    const { stdout } = await execa(join(bin, "relative"), ["--version"], { cwd: tmpdir() })
    expect(stdout).toBe(JSON.stringify([tmpdir(), ["--version"]]))
  })

  it("installs once when two start at the same time", async () => {
    const root = project("twice")
    const both = await Promise.all([run(root, []), run(root, [])])
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(both.filter(({ stderr }) => stderr === "Installing dependencies …")).toHaveLength(1)
    expect(readdirSync(root)).not.toContain(".dependencies.lock")
  })

  it("gets past the lock of a process that died", async () => {
    const root = project("stale")
    symlinkSync("pid-99999999", join(root, ".dependencies.lock"))
    expect(await run(root, [])).toMatchObject({ exitCode: 0, stderr: "Installing dependencies …" })
  })

  it("shows what npm said when it failed, and starts over the next time", async () => {
    const root = project("broken")
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
    const folder = join(work, name)
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
    const { exitCode, stderr, stdout } = await run(project("none"), [], { env: { PATH: programs("no-node") } })
    const [problem, remedy, ...more] = stderr.split("\n")
    expect({ exitCode, stdout, more, problem }).toEqual({
      exitCode: 1,
      stdout: "",
      more: [],
      problem: "error: Node.js is not installed, and runner-images needs 20.19 or newer. [NODE_MISSING]",
    })
    expect(remedy).toMatch(COMMAND)
  })

  it("it is too old", async () => {
    // Evaluates what it is asked as an old version would answer, by telling the real one what it is.
    const node = `#!/bin/sh\n[ "$1" = --version ] && echo v18.20.4 && exit\nexec ${process.execPath} -e "Object.defineProperty(process.versions, 'node', { value: '18.20.4' }); $2"\n`
    const { exitCode, stderr } = await run(project("old"), [], { env: { PATH: programs("old-node", node) } })
    const [problem, remedy] = stderr.split("\n")
    expect(exitCode).toBe(1)
    expect(problem).toBe("error: Node.js v18.20.4 is too old, runner-images needs 20.19 or newer. [NODE_MISSING]")
    expect(remedy).toMatch(COMMAND)
  })
})
