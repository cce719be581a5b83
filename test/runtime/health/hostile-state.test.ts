import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { makeStateFolder } from "../../../docker/runtime/src/health/state-folder.js"
import { writeState } from "../../../docker/runtime/src/health/state-file.js"
import { processStatus } from "../../../docker/runtime/src/processes/process-status.js"
import { until } from "../runner/runner-folder.js"

const uid = process.getuid?.() ?? 0
/** Another user's files can be made by root alone. */
const asRoot = uid === 0
const OTHER = 4321

let library: string
let root: string
let folder: string
let children: ChildProcess[]

beforeAll(() => {
  library = mkdtempSync(join(tmpdir(), "runner-health-library-"))
  execFileSync(process.execPath, [
    fileURLToPath(new URL("../../../docker/runtime/bundle.mjs", import.meta.url)),
    library,
  ])
})
afterAll(() => rmSync(library, { recursive: true, force: true }))

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "runner-hostile-state-"))
  for (const name of ["run", "dev/shm", "tmp", "home/bin"]) mkdirSync(join(root, name), { recursive: true })
  writeFileSync(join(root, "home/.runner"), "{}")
  folder = makeStateFolder(uid, root) ?? ""
  children = []
})
afterEach(() => {
  for (const { pid, exitCode, signalCode } of children)
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL")
  rmSync(root, { recursive: true, force: true })
})

/** A process of this name, in a session of its own. */
async function started(name: string, args: readonly string[] = []): Promise<number> {
  const path = join(root, "home", name)
  copyFileSync("/bin/sleep", path)
  chmodSync(path, 0o755)
  return await running(path, ["60", ...args])
}

async function running(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(file, args, { detached: true, stdio: "ignore" })
  children.push(child)
  await once(child, "spawn")
  return child.pid ?? 0
}

/** What a runner that listens has written down, as JSON. */
async function well(): Promise<Record<string, unknown>> {
  const program = await started("runtime.mjs")
  return {
    phase: "listening",
    since: new Date().toISOString(),
    program,
    programStart: processStatus(program)?.start,
    listener: await started("bin/Runner.Listener"),
    folder: join(root, "home"),
    startSeconds: 300,
    registrationSkipped: false,
  }
}

const path = (): string => join(folder, "state.json")
const writeText = (state: unknown): void => writeFileSync(path(), JSON.stringify(state))

/** The image's health check as a process, which has no longer than an engine gives it. */
function check(): string {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [join(library, "runtime.mjs"), "health"], {
    env: { RUNNER_IMAGES_ROOT: root, RUNNER_IMAGES_HOME: join(root, "home") },
    encoding: "utf8",
    timeout: 5000,
    killSignal: "SIGKILL",
  })
  return `${signal ?? String(status)} ${stdout}${stderr}`
}

const NOTHING = "1 unhealthy: no runner was started here\n"

describe("a state that a job has put there", () => {
  it.each<[string, () => void]>([
    ["a link to an endless file", () => symlinkSync("/dev/zero", path())],
    ["a pipe", () => execFileSync("mkfifo", [path()])],
    ["a folder", () => mkdirSync(path())],
    [
      "a huge file",
      () => {
        writeFileSync(path(), "")
        truncateSync(path(), 2 ** 40)
      },
    ],
    ["no JSON", () => writeFileSync(path(), "{")],
  ])("is not read when it is %s", (_, make) => {
    make()
    expect(check()).toBe(NOTHING)
  })

  it("is not read through a link, nor under a second name", async () => {
    const elsewhere = join(root, "elsewhere.json")
    writeFileSync(elsewhere, JSON.stringify(await well()))
    symlinkSync(elsewhere, path())
    expect(check()).toBe(NOTHING)
    rmSync(path())
    linkSync(elsewhere, path())
    expect(check()).toBe(NOTHING)
    rmSync(elsewhere)
    expect(check()).toBe("0 healthy: listening\n")
  })

  it.skipIf(!asRoot)("is not read when it is another user's, or in a folder of another user", async () => {
    writeText(await well())
    expect(check()).toBe("0 healthy: listening\n")
    chownSync(path(), OTHER, OTHER)
    expect(check()).toBe(NOTHING)
    chownSync(path(), uid, uid)
    chownSync(folder, OTHER, OTHER)
    expect(check()).toBe(NOTHING)
  })

  it.each<[string, Record<string, unknown>]>([
    ["another phase", { phase: "great" }],
    ["a phase of the prototype's", { phase: "constructor" }],
    ["no time", { since: "yesterday" }],
    ["a text for a process", { program: "1" }],
    ["a process that is a path", { program: "self/../1" }],
    ["a group for a process", { listener: -1 }],
    ["half a process", { listener: 1.5 }],
    ["an object for a text", { disconnected: { toString: 1 } }],
    ["a list for a folder", { folder: ["/"] }],
    ["a relative folder", { folder: "home" }],
    ["a text for a number", { startSeconds: "300" }],
    ["no answer", { registrationSkipped: "yes" }],
  ])("is none with %s in it", async (_, changes) => {
    writeText({ ...(await well()), ...changes })
    expect(check()).toBe(NOTHING)
  })

  it.each([["null"], ["[]"], ["5"], ['"listening"']])("is none as %s", (text) => {
    writeFileSync(path(), text)
    expect(check()).toBe(NOTHING)
  })

  it("sends nothing to the terminal but text, and not much of that", async () => {
    writeText({ ...(await well()), disconnected: `a\u001b[2Jb\nc\u009b\u202ed${"e".repeat(10_000)}` })
    const output = check()
    expect(output.slice(0, 40)).toBe("0 healthy: not connected: a?[2Jb?c??deee")
    expect(output.length).toBeLessThan(400)
  })

  it("makes nobody read endless arguments of a process", async () => {
    const args = Array.from({ length: 12 }, () => "x".repeat(100_000))
    const state = await well()
    const program = await running("/bin/sh", ["-c", "sleep 60; true", ...args, "runtime.mjs"])
    writeText({ ...state, program, programStart: processStatus(program)?.start })
    expect(check()).toBe(NOTHING)
  })
})

describe("a program that is stopped", () => {
  it("is unhealthy, until it goes on", async () => {
    const state = await well()
    writeText(state)
    const program = Number(state.program)
    process.kill(program, "SIGSTOP")
    await until(() => processStatus(program)?.stopped === true)
    expect(check()).toBe("1 unhealthy: the program is stopped\n")
    process.kill(program, "SIGCONT")
    await until(() => processStatus(program)?.stopped === false)
    expect(check()).toBe("0 healthy: listening\n")
  })

  it("is unhealthy as a listener too", async () => {
    const state = await well()
    writeText(state)
    const listener = Number(state.listener)
    process.kill(listener, "SIGSTOP")
    await until(() => processStatus(listener)?.stopped === true)
    expect(check()).toBe("1 unhealthy: the listener is stopped\n")
  })

  it("is another one with the same id when it started at another time", async () => {
    const state = await well()
    writeText({ ...state, programStart: Number(state.programStart) - 1 })
    expect(check()).toBe(NOTHING)
  })
})

describe("writing the state", () => {
  const state = {
    phase: "listening",
    since: new Date().toISOString(),
    program: 1,
    programStart: 1,
    startSeconds: 300,
    registrationSkipped: false,
  } as const

  it.each(["state.json", "state.json.new"])("does not follow a link at %s", (name) => {
    const precious = join(root, "precious")
    writeFileSync(precious, "precious")
    symlinkSync(precious, join(folder, name))
    writeState(folder, state)
    expect(readFileSync(precious, "utf8")).toBe("precious")
    expect(JSON.parse(readFileSync(path(), "utf8"))).toEqual(state)
  })
})
