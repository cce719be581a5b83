import { spawnSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { hookVariables } from "../../../docker/runtime/src/container/job-hooks.js"

const SCRIPTS = fileURLToPath(new URL("../../../docker/runtime/hooks", import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-hooks-"))
  mkdirSync(join(folder, "started.d"))
  mkdirSync(join(folder, "completed.d"))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** @param mode as `chmod` has it; without the right to run it, it is none of ours */
function hook(path: string, script: string, mode = 0o755): string {
  const file = join(folder, path)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, mode)
  return file
}

/** Calls the hook as the runner does. */
function call(when: "started" | "completed", own?: string): string {
  const paths = { home: "", library: join(SCRIPTS, ".."), hooks: folder, root: "/" }
  const variables = hookVariables(own === undefined ? {} : { [when]: own }, paths)
  const script = variables[`ACTIONS_RUNNER_HOOK_JOB_${when.toUpperCase()}`] ?? ""
  const { stdout, stderr, status } = spawnSync("bash", ["-e", script], {
    env: { PATH: process.env.PATH ?? "", ...variables },
    encoding: "utf8",
  })
  return `${stdout}${stderr}${String(status)}`
}

describe.each(["started", "completed"] as const)("hooks of a job that %s", (when) => {
  it("are none in a fresh image", () => {
    expect(call(when)).toBe("0")
    rmSync(join(folder, `${when}.d`), { recursive: true })
    expect(call(when)).toBe("0")
  })

  it("run in order, the user's own last", () => {
    hook(`${when}.d/20-second`, "echo second")
    hook(`${when}.d/10-first`, "echo first")
    hook(`${when}.d/30-notes.md`, "echo never", 0o644)
    mkdirSync(join(folder, `${when}.d/40-folder`))
    expect(call(when, hook("own.sh", "echo own", 0o644))).toBe("first\nsecond\nown\n0")
  })

  it("of the user's own, called twice when it calls us again, do not go round in circles", () => {
    const own = hook("own.sh", `echo own; bash "${SCRIPTS}/job-${when}.sh"`)
    expect(call(when, own)).toBe("own\n0")
  })

  it("of the user's own fail the job, and stop at their first error", () => {
    expect(call(when, hook("own.sh", "echo own\nfalse\necho never"))).toBe("own\n1")
    expect(call(when, hook("own.sh", "exit 3"))).toBe("3")
  })

  it("that are missing fail the job", () => {
    expect(call(when, join(folder, "missing.sh"))).toMatch(/missing\.sh: No such file or directory\n(?:1|127)$/)
  })

  it("run by the links that users of other images know, too", () => {
    symlinkSync(join(SCRIPTS, `job-${when}.sh`), join(folder, "link.sh"))
    hook(`${when}.d/one`, "echo one")
    const { stdout } = spawnSync("bash", ["-e", join(folder, "link.sh")], {
      env: { PATH: process.env.PATH ?? "", RUNNER_IMAGES_HOOKS: folder },
      encoding: "utf8",
    })
    expect(stdout).toBe("one\n")
  })
})

it("the first hook that fails before a job is the last", () => {
  hook("started.d/1", "exit 4")
  hook("started.d/2", "echo never")
  expect(call("started", hook("own.sh", "echo never"))).toBe("4")
})

it("all hooks run after a job, and the first failure counts", () => {
  hook("completed.d/1", "exit 4")
  hook("completed.d/2", "echo second; exit 5")
  expect(call("completed", hook("own.sh", "echo own; exit 6"))).toBe("second\nown\n4")
})

it("hooks of an image that nobody prepared are where they are documented to be", () => {
  copyFileSync(join(SCRIPTS, "job-started.sh"), join(folder, "copy.sh"))
  expect(spawnSync("bash", ["-e", join(folder, "copy.sh")], { env: { PATH: process.env.PATH ?? "" } }).status).toBe(0)
})
