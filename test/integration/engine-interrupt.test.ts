import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, it } from "vitest"
import { spelling } from "../../dagger/src/core/platforms.js"
import { binfmtRule, emulatorProgram, foreignPlatforms } from "../../src/engine/bare/host/binfmt.js"
import { checkHost, hostFacts } from "../../src/engine/bare/host/host.js"
import { findMarked, signal } from "../../src/engine/bare/host/process.js"
import { registryMarker } from "../../src/engine/bare/instance/registry.js"
import { artefactKeys } from "../../src/engine/bare/make-artefacts.js"
import { readRecord, type RecordedProcess } from "../../src/engine/bare/state/record.js"
import { locate } from "../../src/engine/bare/up.js"
import { engine } from "./engine-program.js"

const INSTANCE = "engine-interrupt"
const RULES = "/proc/sys/fs/binfmt_misc"

const host = (() => {
  try {
    return checkHost(hostFacts(process.env))
  } catch {
    return undefined
  }
})()

const up = () => engine(["up", "--json", "--instance", INSTANCE])

/** Starts an instance and sends a signal to the command alone, some milliseconds after a line of its progress. */
async function stoppedAt(line: string, milliseconds: number, signal: "SIGINT" | "SIGKILL") {
  const run = up()
  const came = new Promise<void>((resolve) => {
    run.stderr.on("data", (text: Buffer) => {
      if (text.toString().includes(line)) resolve()
    })
  })
  await Promise.race([came, run])
  await sleep(milliseconds)
  run.kill(signal)
  return run
}

/** Of an instance. */
function processes(record = readRecord(locate(INSTANCE).folder)): RecordedProcess[] {
  return record ? [record.marker, registryMarker(record)].flatMap(findMarked) : []
}

// With the artefacts that the engine of all tests was made of.
describe.runIf(host)("a start that is interrupted", () => {
  const { folder, state } = locate(INSTANCE)
  const foreign = spelling(foreignPlatforms(host ?? "linux/amd64")[0] ?? "linux/arm64")
  const rule = join(RULES, folder.binfmtRule(foreign.uname))

  afterAll(async () => {
    await engine(["down", "--instance", INSTANCE])
  })

  it.each([
    ["registry: ", 300],
    ["engine: ", 30],
    ["engine: ", 300],
  ])(
    "leaves no process, and no rule of the kernel's, after SIGINT to the command alone at %o + %i ms",
    async (line, ms) => {
      const { exitCode } = await stoppedAt(line, ms, "SIGINT")
      // On a fast machine it was up before.
      if (exitCode === 0) return
      expect(exitCode).toBe(130)
      await expect.poll(() => processes().length, { timeout: 5_000 }).toBe(0)
      expect(existsSync(rule)).toBe(false)
    },
  )

  it("is resumed after SIGKILL by the next one, which says so and ends with one engine", async () => {
    await engine(["down", "--instance", INSTANCE])
    await stoppedAt("network: ", 0, "SIGKILL")
    const next = await up()
    expect(next.exitCode, next.stderr).toBe(0)
    expect(next.stderr).toContain(
      "resuming a start that was interrupted; kept: the engine's programs, QEMU, base images, the SDKs' contents; still to be made: nothing",
    )
    expect(existsSync(rule)).toBe(true)
  })

  it("has no rule once another instance is found, if it was killed and its state folder deleted", async () => {
    const name = `${INSTANCE}-dead`
    const dead = locate(name).folder
    const started = await engine(["up", "--json", "--instance", name])
    expect(started.exitCode, started.stderr).toBe(0)
    const record = readRecord(dead)
    for (const left of processes(record)) signal(left, "SIGKILL")
    const kept = `${dead.root}.kept`
    renameSync(dead.root, kept)
    try {
      const found = await up()
      expect(found.exitCode, found.stderr).toBe(0)
      expect(found.stderr).toContain(
        `removed the kernel's rule ${dead.binfmtRule(foreign.uname)} of an instance that does not run`,
      )
      expect(existsSync(join(RULES, dead.binfmtRule(foreign.uname)))).toBe(false)
      expect(existsSync(rule)).toBe(true)
    } finally {
      rmSync(dead.root, { recursive: true, force: true })
      renameSync(kept, dead.root)
      await engine(["down", "--instance", name])
    }
  })

  it("leaves the rule of an instance that this host does not know, as one in a container is", async () => {
    const keys = artefactKeys(host ?? "linux/amd64", undefined)
    const [platform = "linux/arm64"] = foreignPlatforms(host ?? "linux/amd64")
    const unknown = `runner-images-00000000-${foreign.uname}`
    writeFileSync(
      join(RULES, "register"),
      binfmtRule(unknown, foreign, emulatorProgram(state.emulator(keys.emulator), platform)),
    )
    try {
      const found = await up()
      expect(found.exitCode, found.stderr).toBe(0)
      expect(existsSync(join(RULES, unknown))).toBe(true)
    } finally {
      writeFileSync(join(RULES, unknown), "-1")
    }
  })
})
