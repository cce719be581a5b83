import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execa } from "execa"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { PLATFORMS, platformOfNodeArch, spelling } from "../../dagger/src/core/platforms.js"
import { binfmtRule } from "../../src/engine/bare/binfmt.js"
import { down } from "../../src/engine/bare/down.js"
import { emulatorProgram } from "../../src/engine/bare/emulator.js"
import { checkHost, hostFacts } from "../../src/engine/bare/host.js"
import { engineProcess } from "../../src/engine/bare/namespace.js"
import { findMarked } from "../../src/engine/bare/process.js"
import { readRecord } from "../../src/engine/bare/record.js"
import { registryMarker } from "../../src/engine/bare/registry.js"
import { status } from "../../src/engine/bare/status.js"
import { locate, up, type BareEngine } from "../../src/engine/bare/up.js"
import { engine, ENGINE_PROGRAM } from "./engine-program.js"

/** Instances of the tests' own, beside the one that all other tests use. */
const FIRST = "engine-test"
const SECOND = "engine-test-two"
const VISITOR = "engine-test-host"

const lines: string[] = []
const log = (line: string) => void lines.push(line)

function canRunBareEngine(): boolean {
  try {
    checkHost(hostFacts(process.env))
    return true
  } catch {
    return false
  }
}

function record(instance: string) {
  const found = readRecord(locate(instance).folder)
  if (!found) throw new Error(`instance ${instance} has no record`)
  return found
}

async function dagger(on: BareEngine, ...args: string[]): Promise<string> {
  const program = join(on.cliFolder, "dagger")
  return (await execa(program, ["--silent", "core", ...args], { env: on.env, cwd: tmpdir() })).stdout.trim()
}

const inBase = (...args: string[]) => [
  "from",
  "--address",
  "debian:trixie-slim",
  "with-exec",
  `--args=${args.join(",")}`,
  "stdout",
]

// Where it cannot run, for want of root or of Debian, there is nothing to test.
describe.runIf(canRunBareEngine())("the bare engine", () => {
  let first: BareEngine

  beforeAll(async () => {
    first = await up({ instance: FIRST, log })
  })

  afterAll(async () => {
    for (const instance of [FIRST, SECOND, VISITOR]) {
      await down({ instance, log })
      rmSync(locate(instance).folder.root, { recursive: true, force: true })
    }
  })

  it("answers clients, by Docker Hub's name for the base image", async () => {
    expect(await dagger(first, "version")).toBe("v0.19.10")
    expect(await dagger(first, "container", ...inBase("sh", "-c", "echo $PATH; cat /etc/apt/sources.list"))).toMatch(
      /^\/usr\/local\/sbin:.*\ndeb \S+ trixie main\ndeb \S+ trixie-updates main\ndeb \S+ trixie-security main$/,
    )
  })

  it("lets containers out, with names resolved", async () => {
    expect(await dagger(first, "container", ...inBase("apt-get", "update"))).toContain("trixie-security InRelease")
  })

  it.each(PLATFORMS)("runs programs of %s", async (platform) => {
    const machine = await dagger(first, "container", "--platform", platform, ...inBase("uname", "-m"))
    expect(machine).toBe(spelling(platform).uname)
  })

  it("keeps containers away from both registries", async () => {
    const port = record(FIRST).registryPort
    const knock = `for host in 127.0.0.1 $(ip route 2>/dev/null | cut -d' ' -f3) ${record(FIRST).containers.replace(/0\.0\/16$/, "0.1")}; do (exec 3<>/dev/tcp/$host/${port}) 2>/dev/null && echo reached $host; done; echo done`
    const file = { "with-new-file": ["--path", "/knock", "--contents", knock] }
    const args = ["from", "--address", "debian:trixie-slim", "with-new-file", ...file["with-new-file"]]
    expect(await dagger(first, "container", ...args, "with-exec", "--args=bash,/knock", "stdout")).toBe("done")
  })

  it("takes pushes on the host's side only, and serves them inside", async () => {
    const outside = await fetch(`http://${first.registry}/v2/pushed/blobs/uploads/`, { method: "POST" })
    expect(outside.status).toBe(202)
    const pid = String(engineProcess(record(FIRST))?.pid)
    const request = `exec 3<>/dev/tcp/127.0.0.1/${record(FIRST).registryPort}; printf 'POST /v2/pushed/blobs/uploads/ HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3`
    const inside = await execa("nsenter", ["--target", pid, "--net", "bash", "-c", request])
    expect(inside.stdout).toMatch(/^HTTP\/1\.\d 405/)
  })

  it("is found running in an instant, and brought up again in less than ten seconds", async () => {
    const before = engineProcess(record(FIRST))
    let start = performance.now()
    expect(await up({ instance: FIRST, log })).toEqual(first)
    expect(performance.now() - start).toBeLessThan(5_000)
    expect(engineProcess(record(FIRST))).toEqual(before)

    await down({ instance: FIRST, log })
    expect((await status(FIRST)).state).toBe("stopped")
    start = performance.now()
    expect(await up({ instance: FIRST, log })).toEqual(first)
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  it("comes up again after its engine was killed, and leaves nothing of the old one", async () => {
    const killed = engineProcess(record(FIRST))
    process.kill(killed?.pid ?? 0, "SIGKILL")
    await expect.poll(async () => (await status(FIRST)).state, { timeout: 5_000 }).toBe("stopped")
    await expect.poll(() => findMarked(record(FIRST).marker), { timeout: 5_000 }).toEqual([])
    expect(await up({ instance: FIRST, log })).toEqual(first)
    expect(engineProcess(record(FIRST))).not.toEqual(killed)
    expect(await dagger(first, "container", ...inBase("echo", "again"))).toBe("again")
  })

  it("is one when two call for it at once; the second says what it waits for", async () => {
    await down({ instance: FIRST, log })
    const [one, other] = await Promise.all([
      engine(["up", "--json", "--instance", FIRST]),
      engine(["up", "--json", "--instance", FIRST]),
    ])
    expect([one.exitCode, other.exitCode]).toEqual([0, 0])
    expect(JSON.parse(one.stdout)).toEqual(first)
    expect(one.stdout).toBe(other.stdout)
    expect(one.stderr + other.stderr).toMatch(/waiting for process \d+ \(engine up/)
    const outermost = findMarked(record(FIRST).marker).filter(({ pid }) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("unshare\0"),
    )
    expect(outermost).toEqual([engineProcess(record(FIRST))])
  })

  it("has room for a second instance, with everything its own", async () => {
    const second = await up({ instance: SECOND, log })
    expect(second.env).not.toEqual(first.env)
    expect(second.registry).not.toBe(first.registry)
    expect(record(SECOND).link).not.toBe(record(FIRST).link)
    const answers = [first, second].map((on) => dagger(on, "container", ...inBase("echo", on.instance)))
    expect(await Promise.all(answers)).toEqual([FIRST, SECOND])
    await down({ instance: SECOND, log })
    // The first one's rules, address and emulation are still there.
    expect(await dagger(first, "container", ...inBase("apt-get", "-o", "Debug::x=1", "update"))).toContain("InRelease")
  })

  it("refuses a port that another program has, and says what to do", async () => {
    const port = record(FIRST).registryPort
    const refused = await engine(["up", "--instance", VISITOR, "--registry-port", String(port)])
    expect(refused.exitCode).toBe(1)
    expect(refused.stdout).toBe("")
    expect(refused.stderr).toContain(`Port ${port} of 127.0.0.1`)
    expect(refused.stderr).toContain(`--registry-port ${port + 1}`)
  })

  it("says what it would do, and does nothing of it", async () => {
    const dry = await engine(["up", "--dry-run", "--json", "--instance", VISITOR])
    const { folder } = locate(VISITOR)
    expect((JSON.parse(dry.stdout) as { changes: string[] }).changes).toContain(
      `adds three firewall rules with the comment "${folder.comment}"`,
    )
    expect(readRecord(folder)).toBeUndefined()
  })

  it("leaves a host as it was, with other tools' rules, emulators and files on it", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "engine-host-"))
    const host = platformOfNodeArch(process.arch)
    const foreign = spelling(PLATFORMS.find((platform) => platform !== host) ?? "linux/arm64")
    const own = `/proc/sys/fs/binfmt_misc/qemu-${foreign.uname}`
    const emulator = emulatorProgram(locate(FIRST).state.emulator(record(FIRST).keys.emulator ?? ""), "linux/arm64")
    const seeded = await execa("test", ["-e", own], { reject: false }).then(({ exitCode }) => exitCode !== 0)
    // The rule is global; its emulator is a real one, since whatever runs on this machine meanwhile may get to use it.
    if (seeded)
      writeFileSync("/proc/sys/fs/binfmt_misc/register", binfmtRule(`qemu-${foreign.uname}`, foreign, emulator))
    try {
      const script = join(import.meta.dirname, "engine-host.sh")
      const run = await execa(
        "unshare",
        [
          "--net",
          "--mount",
          "--propagation",
          "private",
          "bash",
          script,
          scratch,
          VISITOR,
          locate(VISITOR).folder.id,
          ...ENGINE_PROGRAM,
        ],
        { reject: false, all: true },
      )
      expect(run.exitCode, run.all).toBe(0)
      const snapshot = (moment: string) => readFileSync(join(scratch, moment), "utf8")
      // The comparison means something only if there was something to see.
      expect(snapshot("during")).not.toBe(snapshot("before"))
      expect(snapshot("during")).toContain(locate(VISITOR).folder.hostInterface)
      expect(snapshot("before")).toContain("CNI-foreign")
      expect(snapshot("after")).toBe(snapshot("before"))
      expect(readFileSync(own, "utf8")).toContain("enabled")
      expect(findMarked(record(VISITOR).marker)).toEqual([])
      expect(findMarked(registryMarker(record(VISITOR)))).toEqual([])
      expect(record(VISITOR)).toMatchObject({ changes: [], processes: {} })
    } finally {
      if (seeded) writeFileSync(own, "-1")
      rmSync(scratch, { recursive: true, force: true })
    }
  })
})
