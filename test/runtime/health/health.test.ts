import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { health } from "../../../docker/runtime/src/commands/health.js"
import { listenerCondition } from "../../../docker/runtime/src/health/listener-process.js"
import { makeStateFolder } from "../../../docker/runtime/src/health/state-folder.js"
import { readState, type StateFile, writeState } from "../../../docker/runtime/src/health/state-file.js"
import { commandLineOf } from "../../../docker/runtime/src/processes/command-line.js"
import { processStatus } from "../../../docker/runtime/src/processes/process-status.js"
import { until } from "../runner/runner-folder.js"

const uid = process.getuid?.() ?? 0
let root: string
let children: ChildProcess[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "runner-health-"))
  for (const folder of ["run", "dev/shm", "tmp", "home"]) mkdirSync(join(root, folder), { recursive: true })
  children = []
})

afterEach(() => {
  for (const child of children) {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, "SIGKILL")
  }
  rmSync(root, { recursive: true, force: true })
})

/** A process that lives until the test is over, by its name and arguments. */
async function started(file: string, args: string[]): Promise<number> {
  const child = spawn(file, args, { detached: true, stdio: "ignore" })
  children.push(child)
  await once(child, "spawn")
  return child.pid ?? 0
}

/** A program that calls itself so and sleeps. */
function program(name: string, text?: string): string {
  const path = join(root, "home", name)
  mkdirSync(join(path, ".."), { recursive: true })
  if (text === undefined) copyFileSync("/bin/sleep", path)
  else writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

/** What a running program would have written. */
async function state(changes: Partial<StateFile> = {}): Promise<StateFile> {
  writeFileSync(join(root, "home/.runner"), "{}")
  const id = changes.program ?? (await started(program("runtime.mjs"), ["60"]))
  return {
    phase: "listening",
    since: new Date().toISOString(),
    program: id,
    programStart: processStatus(id)?.start ?? 0,
    listener: await started(program("bin/Runner.Listener"), ["60"]),
    folder: join(root, "home"),
    startSeconds: 300,
    registrationSkipped: false,
    ...changes,
  }
}

function check(written?: StateFile): string {
  if (written) writeState(makeStateFolder(uid, root) ?? "none", written)
  const { output, exitCode } = health([uid], root)
  return `${exitCode} ${output}`
}

describe("the health check", () => {
  it("finds nothing where nothing was started", () => {
    expect(check()).toBe("1 unhealthy: no runner was started here\n")
  })

  it("is satisfied with a runner that listens, until its listener is killed", async () => {
    const written = await state()
    expect(check(written)).toBe("0 healthy: listening\n")
    process.kill(written.listener ?? 0, "SIGKILL")
    await until(() => listenerCondition(written.listener) === "gone")
    expect(check(written)).toBe("1 unhealthy: the listener is gone\n")
  })

  it("wants the runner's configuration", async () => {
    const written = await state()
    rmSync(join(root, "home/.runner"))
    expect(check(written)).toBe("1 unhealthy: the runner is not registered\n")
  })

  it("takes a start for no health", async () => {
    expect(check(await state({ phase: "registering" }))).toBe("1 starting: registering for 0 s\n")
  })

  it("is satisfied without a registration that nobody wants", async () => {
    const written = await state({
      phase: "starting",
      registrationSkipped: true,
      listener: undefined,
      since: "2020-01-01T00:00:00Z",
    })
    expect(check(written)).toBe("0 healthy: registration is skipped\n")
  })

  it("is not fooled by the state that a killed container left", async () => {
    const written = await state()
    expect(check({ ...written, program: 4_000_000 })).toBe("1 unhealthy: no runner was started here\n")
    const other = await started("/bin/sleep", ["60"])
    expect(check({ ...written, program: other, programStart: processStatus(other)?.start ?? 0 })).toBe(
      "1 unhealthy: no runner was started here\n",
    )
  })
})

describe("the health check of a container that another entry point started", () => {
  /** Makes only these processes known to the health check. */
  function known(...ids: number[]): void {
    rmSync(join(root, "proc"), { recursive: true, force: true })
    mkdirSync(join(root, "proc"))
    for (const id of ids) symlinkSync(`/proc/${id}`, join(root, "proc", String(id)))
  }

  it("judges the listener's process, as long as there is one", async () => {
    const listener = await started(program("bin/Runner.Listener"), ["60"])
    known(listener, await started("/bin/sleep", ["60"]))
    expect(check()).toBe("0 healthy: the listener is running; another entry point started it\n")
    process.kill(listener, "SIGSTOP")
    await until(() => processStatus(listener)?.stopped === true)
    expect(check()).toBe("1 unhealthy: the listener is stopped; another entry point started it\n")
    process.kill(listener, "SIGKILL")
    await until(() => processStatus(listener)?.ended !== false)
    expect(check()).toBe("1 unhealthy: no runner was started here\n")
  })

  it("does not take the scripts around a listener for one", async () => {
    known(await started(program("run.sh", "#!/bin/bash\nsleep 60; true\n"), ["run", "Runner.Listener"]))
    expect(check()).toBe("1 unhealthy: no runner was started here\n")
  })

  it("does not judge by a listener below the image's program, whose state is missing or was replaced", async () => {
    program("bin/Runner.Listener")
    const own = program("runtime.mjs", `#!/bin/bash\n"$(dirname "$0")/bin/Runner.Listener" 60; true\n`)
    const parent = await started(own, [])
    const children = (): number[] =>
      readdirSync("/proc")
        .map(Number)
        .filter((id) => processStatus(id)?.parent === parent)
    await until(() => children().some((id) => commandLineOf(id).some((word) => word.endsWith("Runner.Listener"))))
    known(parent, ...children())
    expect(check()).toBe("1 unhealthy: no runner was started here\n")
  })
})

describe("a listener's process", () => {
  it("is found by its program", async () => {
    expect(listenerCondition(await started(program("bin/Runner.Listener"), ["60"]))).toBe("running")
  })

  it("is found where an interpreter runs it", async () => {
    const script = program("bin/Runner.Listener", "#!/bin/bash\nsleep 60; true\n")
    const pid = await started(script, [])
    await until(() => listenerCondition(pid) === "running")
  })

  it("is found below the script that started it, and that script alone is none", async () => {
    program("bin/Runner.Listener")
    const script = program("run.sh", `#!/bin/bash\nset -m\n"$(dirname "$0")/bin/Runner.Listener" 60\nsleep 60; true\n`)
    const pid = await started(script, ["run", "Runner.Listener"])
    await until(() => listenerCondition(pid) === "running")
    spawn("pkill", ["-KILL", "-s", String(pid), "-f", "^[^ ]*/bin/Runner.Listener 60$"])
    await until(() => listenerCondition(pid) === "gone")
  })

  it("of another container's start is none", () => {
    expect(listenerCondition(undefined)).toBe("gone")
    expect(listenerCondition(4_000_000)).toBe("gone")
  })
})

describe("the state's folder", () => {
  const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8)

  it("is the first that can be had, which others may read and not write", () => {
    const folder = makeStateFolder(uid, root)
    expect(folder).toBe(join(root, "run/runner-images"))
    expect(mode(folder ?? "")).toBe("755")
    rmSync(join(root, "run"), { recursive: true })
    expect(makeStateFolder(uid, root)).toBe(join(root, `dev/shm/runner-images-${uid}`))
    rmSync(join(root, "dev"), { recursive: true })
    expect(makeStateFolder(uid, root)).toBe(join(root, `tmp/runner-images-${uid}`))
    rmSync(join(root, "tmp"), { recursive: true })
    expect(makeStateFolder(uid, root)).toBeUndefined()
  })

  it("is none that somebody else may have prepared", () => {
    mkdirSync(join(root, "elsewhere"))
    symlinkSync(join(root, "elsewhere"), join(root, "run/runner-images"))
    writeFileSync(join(root, `dev/shm/runner-images-${uid}`), "")
    expect(makeStateFolder(uid, root)).toBe(join(root, `tmp/runner-images-${uid}`))
  })

  it("is used again after a restart, and its state is the newest", () => {
    const folder = makeStateFolder(uid, root) ?? ""
    const written: StateFile = {
      phase: "busy",
      since: "2026-01-01T00:00:00.000Z",
      program: 1,
      programStart: 1,
      startSeconds: 1,
      registrationSkipped: false,
    }
    writeState(folder, { ...written, phase: "listening" })
    writeState(makeStateFolder(uid, root) ?? "", written)
    const places = [join(root, "nowhere"), folder].map((path) => ({ folder: path, owner: uid }))
    expect(readState(places)).toEqual(written)
  })
})
