import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { execa } from "execa"
import { afterAll, describe, expect, it } from "vitest"
import { checkHost, hostFacts } from "../../src/engine/bare/host/host.js"
import { engineProcess } from "../../src/engine/bare/instance/namespace.js"
import { findMarked } from "../../src/engine/bare/host/process.js"
import { readRecord } from "../../src/engine/bare/state/record.js"
import { registryMarker } from "../../src/engine/bare/instance/registry.js"
import { StateFolder } from "../../src/engine/bare/state/state-folder.js"
import type { BareEngine } from "../../src/engine/bare/up.js"
import { engine } from "./engine-program.js"

/** Where each run is killed: when a line with this in it comes, some milliseconds later. In the order in which a first run goes. */
const MOMENTS: [line: string, milliseconds: number][] = [
  ["packages: ", 10],
  ["binaries: the engine", 0],
  ["binaries: the engine", 15_000],
  ["emulator: QEMU", 2_000],
  ["bases: base images", 100],
  ["bases: ", 12_000],
  [", with programs of", 5_000],
  ["sdk-content: ", 100],
  ["sdk-content: ", 20_000],
  ["network: ", 5],
  ["registry: ", 30],
  ["registry: ", 300],
  ["engine: ", 50],
  ["engine: ", 1_000],
]

const cache = mkdtempSync(join(tmpdir(), "engine-kill-"))
const env = { XDG_CACHE_HOME: cache }
const instance = "engine-kill"
const folder = new StateFolder(join(cache, "runner-images", "engine")).instance(instance)
const up = () => engine(["up", "--json", "--instance", instance], env)

async function killedAt(line: string, milliseconds: number): Promise<string> {
  const run = up()
  let seen = ""
  const came = new Promise<void>((resolve) => {
    run.stderr.on("data", (text: Buffer) => {
      seen += text.toString()
      if (seen.split("\n").some((said) => said.includes(line))) resolve()
    })
  })
  await Promise.race([came, run])
  await sleep(milliseconds)
  run.kill("SIGKILL")
  return (await run).stderr
}

const supported = (() => {
  try {
    checkHost(hostFacts(process.env))
    return true
  } catch {
    return false
  }
})()

describe.runIf(supported)("a first bring-up that is killed over and over", () => {
  afterAll(async () => {
    await engine(["down", "--instance", instance], env)
    rmSync(cache, { recursive: true, force: true })
  })

  it.each(MOMENTS)("is killed %o + %i ms", async (line, milliseconds) => {
    expect(await killedAt(line, milliseconds)).toContain(line.trim())
  })

  it("ends green all the same, with one engine and one registry", async () => {
    const end = await up()
    expect(end.exitCode, end.stderr).toBe(0)
    const found = JSON.parse(end.stdout) as BareEngine
    const record = readRecord(folder)
    expect(record?.processes.engine).toEqual(record && engineProcess(record))
    expect(findMarked(record ? registryMarker(record) : "")).toEqual([record?.processes.registry])
    const call = [
      "core",
      "container",
      "from",
      "--address",
      "debian:trixie-slim",
      "with-exec",
      "--args=echo,green",
      "stdout",
    ]
    const said = await execa(join(found.cliFolder, "dagger"), ["--silent", ...call], { env: found.env, cwd: cache })
    expect(said.stdout.trim()).toBe("green")
    expect(existsSync(join(cache, "runner-images", "engine", "work"))).toBe(false)
  })

  it("goes down without a trace", async () => {
    const marker = readRecord(folder)?.marker ?? ""
    expect((await engine(["down", "--instance", instance], env)).exitCode).toBe(0)
    expect(readRecord(folder)).toMatchObject({ changes: [], processes: {} })
    expect(findMarked(marker)).toEqual([])
    const rules = await execa("iptables-save")
    expect(rules.stdout).not.toContain(folder.comment)
    expect(existsSync(folder.runtime)).toBe(false)
    expect(existsSync(`/sys/class/net/${folder.hostInterface}`)).toBe(false)
  })
})
