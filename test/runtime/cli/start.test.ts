import { execa } from "execa"
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { help, ROOT } from "../../unit/cli/command-line.js"
import { installedProject, run, WORK, writeProgram } from "./fake-project.js"

const root = process.getuid?.() === 0
/** A user that owns nothing here. */
const OTHER = 65_534

/** A project that has been started once. */
async function started(name: string): Promise<string> {
  const project = await installedProject(name)
  expect(await said(project)).toEqual(good)
  return project
}

const inCheckout = (project: string) => join(project, "node_modules/.runner-images")
const inCache = (cache: string) => join(cache, "runner-images/program")
const bundlesIn = (place: string) => (existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : [])
/** The only bundle of a place. */
function bundleIn(place: string): string {
  const [only, ...more] = bundlesIn(place)
  if (only === undefined || more.length > 0) throw new Error(`not one bundle: ${bundlesIn(place).join(", ")}`)
  return only
}

/** What a bundle contains that prints a word instead of what the sources say. */
function poison(bundle: string): void {
  const file = join(bundle, "cli.mjs")
  const { size } = statSync(file)
  writeFileSync(file, 'console.log("from the bundle")'.padEnd(size))
}

const said = async (project: string, options?: Parameters<typeof run>[2]) => {
  const { exitCode, stdout, stderr } = await run(project, [], options)
  return { exitCode, stdout, stderr }
}
const good = { exitCode: 0, stdout: JSON.stringify([WORK, []]), stderr: "" }

describe("the program's bundle", () => {
  it("is executed as long as no source changes", async () => {
    const project = await started("reused")
    poison(bundleIn(inCheckout(project)))
    expect(await said(project)).toEqual({ exitCode: 0, stdout: "from the bundle", stderr: "" })
  })

  it("is not that of the sources before an edit, even one that keeps the length and all times", async () => {
    const project = await started("edited")
    const file = join(project, "src/cli.ts")
    const { atime, mtime } = statSync(file)
    const text = readFileSync(file, "utf8")
    writeFileSync(file, text.replace("slice(2)", "slice(1)"))
    utimesSync(file, atime, mtime)
    expect((await said(project)).stdout).toBe(JSON.stringify([WORK, [join(project, "scripts/start/start.mjs")]]))
    // Back to the first one, which is still there.
    writeFileSync(file, text)
    expect(await said(project)).toEqual(good)
    expect(bundlesIn(inCheckout(project))).toHaveLength(2)
  })

  it.each([
    ["a source that was added", (project: string) => writeFileSync(join(project, "dagger/src/more.ts"), "")],
    ["other settings of the compiler", (project: string) => writeFileSync(join(project, "tsconfig.json"), "{}")],
  ])("is made again for %s", async (name, change) => {
    const project = await started(name.replaceAll(" ", "-"))
    poison(bundleIn(inCheckout(project)))
    change(project)
    expect(await said(project)).toEqual(good)
  })

  it("finds what is beside its sources where they are, also after the checkout was moved", async () => {
    const project = await installedProject("beside")
    mkdirSync(join(project, "src/below"))
    writeFileSync(join(project, "src/below/name.ts"), "export const NAME = [import.meta.url, import.meta.dirname]\n")
    writeProgram(project, 'import { NAME } from "./below/name.js"\nconsole.log(JSON.stringify(NAME))')
    const folder = join(project, "src/below")
    expect((await run(project, [])).stdout).toBe(JSON.stringify([`file://${folder}/name.ts`, folder]))
    const moved = join(WORK, "moved")
    await execa("mv", [project, moved])
    expect((await run(moved, [])).stdout).toBe(
      JSON.stringify([`file://${moved}/src/below/name.ts`, `${moved}/src/below`]),
    )
  })

  it.each([
    ["a file was cut short", (bundle: string) => truncateSync(join(bundle, "cli.mjs"), 10)],
    ["a file is missing", (bundle: string) => rmSync(join(bundle, "cli.mjs"))],
    ["its list was cut short", (bundle: string) => truncateSync(join(bundle, "bundle.json"), 10)],
    [
      "its folder is a file",
      (bundle: string) => {
        rmSync(bundle, { recursive: true })
        writeFileSync(bundle, "")
      },
    ],
  ])("is replaced if %s", async (name, harm) => {
    const project = await started(name.replaceAll(" ", "-"))
    const bundle = bundleIn(inCheckout(project))
    harm(bundle)
    expect(await said(project)).toEqual(good)
    // As a whole: it is executed the next time.
    poison(bundleIn(inCheckout(project)))
    expect((await said(project)).stdout).toBe("from the bundle")
  })

  it("is made by several processes at once, each of which runs", async () => {
    const project = await started("at-once")
    rmSync(inCheckout(project), { recursive: true })
    const all = await Promise.all(Array.from({ length: 6 }, () => said(project)))
    expect(all).toEqual(all.map(() => good))
    expect(bundleIn(inCheckout(project))).toMatch(/\/program-[0-9a-f]{32}$/)
  })

  it("loads parts late, and a newer bundle does not remove it before", async () => {
    const project = await installedProject("late")
    const newer = join(project, "newer")
    writeFileSync(join(project, "src/late.ts"), 'console.log("late")')
    writeProgram(
      project,
      `import { existsSync } from "node:fs"
const late = process.argv[2] === "late"
while (late && !existsSync(${JSON.stringify(newer)})) await new Promise((resolve) => setTimeout(resolve, 50))
if (late) await import("./late.js")`,
    )
    await run(project, [])
    const waiting = run(project, ["late"])
    for (const edit of ["one", "two", "three"]) {
      writeFileSync(join(project, "src/more.ts"), `export const edit = "${edit}"`)
      await run(project, [])
    }
    writeFileSync(newer, "")
    expect(await waiting).toMatchObject({ exitCode: 0, stdout: "late" })
  })
})

describe("a mistake", () => {
  it("in a source is named with its place", async () => {
    const project = await started("mistake")
    writeProgram(project, 'console.log("before")\nconst x = = 1\n')
    const { exitCode, stdout, stderr } = await said(project)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
    expect(stderr).toMatchInlineSnapshot(`
      "error: The program's sources cannot be translated: [SOURCES_BROKEN]
        src/cli.ts:2:11: Unexpected "="
          const x = = 1
      Correct them, or restore them with Git: git status names the files that were changed."
    `)
  })

  it("in an import is named with its place", async () => {
    const project = await started("missing")
    writeProgram(project, 'import { x } from "./no-such-file.js"\nconsole.log(x)\n')
    const { exitCode, stderr } = await said(project)
    expect(exitCode).toBe(1)
    expect(stderr).toMatchInlineSnapshot(`
      "error: The program's sources cannot be translated: [SOURCES_BROKEN]
        src/cli.ts:1:19: Could not resolve "./no-such-file.js"
          import { x } from "./no-such-file.js"
      Correct them, or restore them with Git: git status names the files that were changed."
    `)
  })

  it("in how esbuild is imported, which works from no bundle, is named with what to do", async () => {
    const project = await started("bundler")
    writeProgram(project, 'import { build } from "esbuild"\nconsole.log(build)\n')
    const { exitCode, stderr } = await said(project)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      "src/cli.ts:1:23: esbuild finds its program only in node_modules: load it with createRequire(import.meta.url)\n",
    )
  })

  it("at run time is traced to the line of the source", async () => {
    const project = await started("trace")
    writeProgram(
      project,
      "interface Unused {\n  a: string\n}\n\nfunction fail(): never {\n  throw new Error('on line 6')\n}\nfail()\n",
    )
    for (const time of ["first", "second"]) {
      const { stderr } = await run(project, [time])
      expect(stderr).toMatch(
        /Error: on line 6\n +at fail \(.*\/trace\/src\/cli\.ts:6:9\)\n +at .*\/trace\/src\/cli\.ts:8:1/,
      )
    }
  })
})

describe.runIf(root)("a checkout of somebody else", () => {
  /** A folder of another user. */
  function cacheOf(name: string, mode = 0o700): string {
    const folder = join(WORK, name)
    mkdirSync(folder)
    chownSync(folder, OTHER, OTHER)
    chmodSync(folder, mode)
    return folder
  }
  chmodSync(WORK, 0o755)

  it("is bundled in the user's own cache, and nothing is written to it", async () => {
    const project = await started("read-only")
    const before = bundlesIn(inCheckout(project))
    const cache = cacheOf("cache-of-other")
    const other = { uid: OTHER, gid: OTHER, env: { XDG_CACHE_HOME: cache } }
    expect(await said(project, other)).toEqual(good)
    poison(bundleIn(inCache(cache)))
    chownSync(join(bundleIn(inCache(cache)), "cli.mjs"), OTHER, OTHER)
    expect((await said(project, other)).stdout).toBe("from the bundle")
    expect(bundlesIn(inCheckout(project))).toEqual(before)
  })

  it("leaves root's bundle in root's cache", async () => {
    const project = await started("theirs")
    await execa("chown", ["-R", String(OTHER), project])
    const bundle = bundleIn(inCheckout(project))
    poison(bundle)
    const cache = join(WORK, "cache-of-root")
    expect(await said(project, { env: { XDG_CACHE_HOME: cache } })).toEqual(good)
    expect(lstatSync(bundleIn(inCache(cache))).uid).toBe(0)
    expect(bundlesIn(inCheckout(project))).toEqual([bundle])
  })

  it("runs without a bundle if others can write to the cache", async () => {
    const project = await started("no-place")
    const cache = cacheOf("open-cache", 0o777)
    expect(await said(project, { uid: OTHER, gid: OTHER, env: { XDG_CACHE_HOME: cache } })).toEqual(good)
    expect(readdirSync(cache)).toEqual([])
  })

  it.each([
    ["its folder belongs to another user", (bundle: string) => chownSync(bundle, OTHER, OTHER)],
    ["a file belongs to another user", (bundle: string) => chownSync(join(bundle, "cli.mjs"), OTHER, OTHER)],
    ["others may write to its folder", (bundle: string) => chmodSync(bundle, 0o777)],
    ["a group may write to a file", (bundle: string) => chmodSync(join(bundle, "cli.mjs"), 0o660)],
  ])("has no say in what is executed: a bundle is replaced if %s", async (name, harm) => {
    const project = await started(name.replaceAll(" ", "-"))
    const bundle = bundleIn(inCheckout(project))
    poison(bundle)
    harm(bundle)
    expect(await said(project)).toEqual(good)
    expect(statSync(join(bundleIn(inCheckout(project)), "cli.mjs"))).toMatchObject({ uid: 0, mode: 0o100600 })
  })
})

describe("the real program", () => {
  it("says the same bundled as from its sources", async () => {
    const { stdout } = await execa(join(ROOT, "runner-images"), ["build", "--help"])
    expect(stdout).toBe(await help("build"))
  })
})
