import { build as bundle } from "esbuild"
import { execa } from "execa"
import { existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { cacheless, failure, refusal, ROOT, WORK } from "../../unit/cli/command-line.js"

const root = process.getuid?.() === 0

/** What a shell makes of the program: exit code and standard error. */
async function shell(script: string, env: Record<string, string> = {}): Promise<string> {
  const { exitCode, stderr } = await execa({
    reject: false,
    cwd: WORK,
    stdin: "ignore",
    // What loops for ever hears no other signal.
    timeout: 20_000,
    killSignal: "SIGKILL",
    env: { ...cacheless, PROGRAM: join(ROOT, "runner-images"), ...env },
  })`sh -c ${script}`
  return `${String(exitCode)}\n${stderr.replaceAll(WORK, "<work>")}`
}

describe.concurrent("standard output", () => {
  it.each([
    ["an answer", "catalog check"],
    ["a help text", "build --help"],
    ["a version", "--version"],
  ])("that takes no more of %s", async (_, words) => {
    expect(await shell(`"$PROGRAM" ${words} > /dev/full`)).toBe(
      "2\n" +
        "error: The answer cannot be written to standard output: the disk is full. [OUTPUT_UNWRITABLE]\n" +
        "Everything else was done. Write the output to another place.",
    )
  })

  it("that nobody reads on is no fault", async ({ expect }) => {
    expect(await shell(`{ "$PROGRAM" catalog check --json; echo "$?" >&2; } | true`)).toBe("0\n0")
  })

  it("and standard error on the same full disk leave the exit code", async ({ expect }) => {
    expect(await shell(`"$PROGRAM" build --platforms linux/amd46 > /dev/full 2> /dev/full`)).toBe("2\n")
  })
})

describe("a file that is larger than any of its kind", () => {
  it.each([
    ["--lock", "LOCK_INVALID", "32.0 MB", "3221.2 MB"],
    ["--definition", "DEFINITION_INVALID", "0.4 MB", "3221.2 MB"],
    ["--ca-bundle", "USAGE", "8.0 MB", "3221.2 MB"],
  ])("%s", async (option, code, most, has) => {
    const file = join(WORK, "large")
    writeFileSync(file, "")
    truncateSync(file, 3 * 2 ** 30)
    expect(await refusal("plan", option, file)).toBe(
      "2\n" +
        `error: ${option}: <work>/large is ${has}, more than the limit of ${most}. [${code}]\n` +
        "Check that it is the right file.",
    )
  })
})

describe("the folder for what runs keep", () => {
  const build = `"$PROGRAM" build --sources registry`

  it("is in the user's home folder where HOME is empty, and not where the user is", async () => {
    const { stderr, stdout } = await execa({
      cwd: WORK,
      env: { ...cacheless, HOME: "" },
    })`${ROOT}/runner-images engine status`
    expect(stderr).toBe("")
    expect(stdout).toMatch(/^state folder +\/.*\.cache\/runner-images\/engine *$/m)
    expect(existsSync(join(WORK, ".cache"))).toBe(false)
  })

  it.runIf(root)("is asked for where nothing names one", async () => {
    const contents = `import { stateFolder } from "./host/paths.ts"
      try { stateFolder() } catch (error) { console.log(error.exitCode, error.message) }`
    const stdin = { contents, resolveDir: join(ROOT, "src") }
    const { outputFiles } = await bundle({ stdin, bundle: true, platform: "node", format: "esm", write: false })
    // A user who is in no list, and may read little.
    const words = ["--reuid", "54321", "--clear-groups", process.execPath, "--input-type=module"]
    const env = { ...cacheless, HOME: "" }
    const { stdout } = await execa("setpriv", words, { cwd: "/", env, input: outputFiles[0]?.text ?? "" })
    expect(stdout).toBe(
      "2 No folder for logs and caches: HOME and XDG_CACHE_HOME are empty, and this user has no home folder. " +
        "Set XDG_CACHE_HOME to a writable folder. [OUTPUT_UNWRITABLE]",
    )
  })

  it("cannot be where nothing can be made", async () => {
    expect(await shell(build, { HOME: "/proc" })).toMatchInlineSnapshot(`
      "2
      error: The log folder /proc/.cache/runner-images/logs cannot be created: /proc cannot be written: its file system accepts no new files. [OUTPUT_UNWRITABLE]
      Set XDG_CACHE_HOME to another folder, or change its permissions."
    `)
  })

  it("cannot be below a file", async () => {
    writeFileSync(join(WORK, "home"), "")
    expect(await shell(build, { HOME: join(WORK, "home") })).toMatchInlineSnapshot(`
      "2
      error: The log folder <work>/home/.cache/runner-images/logs cannot be created: <work>/home is not a folder. [OUTPUT_UNWRITABLE]
      Set XDG_CACHE_HOME to another folder."
    `)
  })

  // Root may write anywhere but on a read-only mount, which lives as long as the namespace it is made in.
  it.runIf(root)("cannot be on a read-only file system, whatever engine is given", async () => {
    mkdirSync(join(WORK, "read-only-home"))
    const script = `exec unshare --mount sh -c 'mount -t tmpfs -o ro tmpfs read-only-home && exec ${build}'`
    expect(await shell(script, { HOME: join(WORK, "read-only-home") })).toMatchInlineSnapshot(`
      "2
      error: The log folder <work>/read-only-home/.cache/runner-images/logs cannot be created: <work>/read-only-home cannot be written: it is on a read-only file system. [OUTPUT_UNWRITABLE]
      Set XDG_CACHE_HOME to another folder, or change its permissions."
    `)
  })

  it("is refused by the bare engine in the same place", async () => {
    const found = await failure(["engine", "up"], { HOME: "/proc", XDG_CACHE_HOME: "" })
    expect(found).toMatchInlineSnapshot(`
      "1
      error: The bare engine's state folder /proc/.cache/runner-images/engine cannot be used: ENOENT: no such file or directory, mkdir '/proc/.cache'. [ENGINE_STATE]
      Set XDG_CACHE_HOME to a folder that only root can write to."
    `)
  })
})

describe.runIf(root)("a full disk is named", () => {
  /** On a disk of two megabytes. */
  const onDisk = (script: string) =>
    shell(`exec unshare --mount sh -c 'mkdir -p disk && mount -t tmpfs -o size=2m small disk && ${script}'`)

  it("by the check of the output folder, before any work", async () => {
    const found = await onDisk(`head -c 3000000 /dev/zero > disk/file; exec "$PROGRAM" build --output disk/dist`)
    expect(found.replace(/head: .*\n/, "")).toMatchInlineSnapshot(`
      "2
      error: The output folder <work>/disk/dist cannot be created: <work>/disk cannot be written: the disk is full: small at <work>/disk, 0.0 GB of 0.0 GB free. [OUTPUT_UNWRITABLE]
      Choose another with --output, or free some space."
    `)
  })

  it.each([
    ["a file that this program writes", `writeFileSync(fresh + "/a", Buffer.alloc(3e6))`],
    [
      "a file that Dagger writes, which says nothing of it",
      `try { writeFileSync(fresh + "/a", Buffer.alloc(3e6)) } catch {} throw new Error("error from receiver: context canceled")`,
    ],
  ])("by %s", async (_, write) => {
    writeFileSync(
      join(WORK, "write.mts"),
      `import { writeFileSync } from "node:fs"
       import { OutputFolder } from "${ROOT}/src/artifacts/output-folder.ts"
       const output = new OutputFolder("disk/dist", ["standard"])
       try { await output.replace("standard", [], async (fresh) => { ${write} }) }
       catch (error) { console.error(error.exitCode, error.message) }`,
    )
    const found = await onDisk(`exec node --import ${ROOT}/node_modules/tsx/dist/esm/index.mjs write.mts; ls -A disk`)
    expect(found).toBe(
      "0\n2 <work>/disk/dist could not be written: the disk is full: small at <work>/disk, 0.0 GB of 0.0 GB free. " +
        "Choose another with --output, or free some space. [OUTPUT_UNWRITABLE]",
    )
  })
})
