import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execa } from "execa"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { PLATFORMS, platformOfNodeArch, spelling } from "../../dagger/src/core/platforms.js"
import { binfmtRule, emulatorProgram } from "../../src/engine/bare/host/binfmt.js"
import { mirrorPort } from "../../src/engine/bare/instance/config.js"
import { down } from "../../src/engine/bare/down.js"
import { instanceRules } from "../../src/engine/bare/host/firewall.js"
import { checkHost, hostFacts } from "../../src/engine/bare/host/host.js"
import { recordedBases, registryLogin } from "../../src/engine/bare/instance/known.js"
import { engineProcess } from "../../src/engine/bare/instance/namespace.js"
import { findMarked } from "../../src/engine/bare/host/process.js"
import { readRecord } from "../../src/engine/bare/state/record.js"
import { registryMarker, stopRegistry } from "../../src/engine/bare/instance/registry.js"
import { PROJECT_ROOT } from "../../src/host/paths.js"
import { status } from "../../src/engine/bare/status.js"
import { locate, planFor, up, type BareEngine } from "../../src/engine/bare/up.js"
import { BASE } from "../../src/engine/bare/state/version.js"
import { requireReachable } from "../../src/session/reachable.js"
import { loginTo } from "../local-registry.js"
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

/** The command line on that engine. It is awaited like any execa process and never rejects. */
function runnerImages(on: BareEngine, ...words: string[]) {
  const env = { ...on.env, NO_COLOR: "1" }
  return execa(join(PROJECT_ROOT, "runner-images"), words, {
    env,
    cwd: PROJECT_ROOT,
    reject: false,
    stdin: "ignore",
  } as const)
}

const inBase = (...args: string[]) => [
  "from",
  "--address",
  "debian:trixie-slim",
  "with-exec",
  `--args=${args.join(",")}`,
  "stdout",
]

/** A local user without any rights, who needs no account for that. */
const STRANGER = 64321

/** A program of another local user that listens on a port and answers nobody. */
async function impostorOn(port: number): Promise<{ pid: number; stop: () => Promise<unknown> }> {
  const program = `require("net").createServer().listen(${port}, "127.0.0.1", () => console.log("listening"))`
  const child = spawn(process.execPath, ["-e", program], {
    ...{ uid: STRANGER, gid: STRANGER, cwd: "/", env: {} },
    stdio: ["ignore", "pipe", "inherit"],
  })
  await once(child.stdout, "data")
  const stop = async () => {
    child.kill("SIGKILL")
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
  }
  return { pid: child.pid ?? 0, stop }
}

/** Forwarding as a snapshot has it, by the interface's name. */
function settings(snapshot: string): Record<string, string> {
  const lines = [...snapshot.matchAll(/^net\.ipv4\.(?:conf\.)?(\w+?)(?:\.forwarding)? = (\d)$/gm)]
  return Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]))
}

// Where it cannot run, for want of root or of Debian, there is nothing to test.
/** How a process was started; empty if it has ended since it was found. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")
  } catch {
    return ""
  }
}

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
    const deb = String.raw`deb \[signed-by=/usr/share/keyrings/debian-archive-keyring\.gpg\] \S+`
    expect(await dagger(first, "container", ...inBase("sh", "-c", "echo $PATH; cat /etc/apt/sources.list"))).toMatch(
      new RegExp(`^/usr/local/sbin:.*\n${deb} trixie main\n${deb} trixie-updates main\n${deb} trixie-security main$`),
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
    const upload = (headers: Record<string, string>) =>
      fetch(`http://${first.registry}/v2/pushed/blobs/uploads/`, { method: "POST", headers })
    const { username, password } = loginTo(first.registry)
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
    expect((await upload({ authorization })).status).toBe(202)
    expect((await upload({})).status).toBe(401)
    const { registryPasswordFile = "" } = await status(FIRST)
    expect(readFileSync(registryPasswordFile, "utf8")).toBe(password)
    expect(statSync(registryPasswordFile).mode & 0o777).toBe(0o600)
    const pid = String(engineProcess(record(FIRST))?.pid)
    const { registryPort } = record(FIRST)
    for (const port of [registryPort, mirrorPort(registryPort)]) {
      const request = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'POST /v2/pushed/blobs/uploads/ HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3`
      const inside = await execa("nsenter", ["--target", pid, "--net", "bash", "-c", request])
      expect(inside.stdout).toMatch(/^HTTP\/1\.\d 405/)
    }
  })

  it("does not take another user's program on its registry's port for the registry", async () => {
    const { registryPort, registryConfig } = record(FIRST)
    expect(registryConfig).toBeDefined()
    await stopRegistry(locate(FIRST).folder, record(FIRST))
    const impostor = await impostorOn(registryPort)
    try {
      const problem = `port ${registryPort} of 127.0.0.1, but process ${impostor.pid} (`
      const refusal = {
        code: "ENGINE_PORT",
        problem: expect.stringMatching(new RegExp(`user ${STRANGER} listens there`)) as string,
      }
      await expect(up({ instance: FIRST, log })).rejects.toMatchObject(refusal)
      expect(() => registryLogin(registryPort)).toThrow(expect.objectContaining(refusal))
      expect(() => registryLogin(registryPort)).toThrow(problem)
      const words = ["--sources", "registry", "--runner", "act", "--tags", "try"]
      const repository = ["--repository", `127.0.0.1:${registryPort}/runner`]
      const published = await runnerImages(first, "publish", ...words, ...repository)
      expect({ exitCode: published.exitCode, stdout: published.stdout }).toEqual({ exitCode: 1, stdout: "" })
      expect(published.stderr).toMatch(/listens there\. \[ENGINE_PORT\]/)
    } finally {
      await impostor.stop()
    }
    expect(await up({ instance: FIRST, log })).toEqual(first)
    expect(registryLogin(registryPort)).toEqual(loginTo(first.registry))
  })

  it("does not take another socket for its engine's", async () => {
    const { folder } = locate(FIRST)
    const aside = `${folder.socket}.aside`
    renameSync(folder.socket, aside)
    const impostor = createServer().listen(folder.socket)
    await once(impostor, "listening")
    try {
      const refusal = {
        code: "ENGINE_STATE",
        problem: expect.stringContaining("is not the socket that the engine") as string,
      }
      await expect(up({ instance: FIRST, log })).rejects.toMatchObject(refusal)
      expect(() => recordedBases(`unix://${folder.socket}`)).toThrow(expect.objectContaining(refusal))
    } finally {
      await new Promise((resolve) => impostor.close(resolve))
      renameSync(aside, folder.socket)
    }
    expect(await up({ instance: FIRST, log })).toEqual(first)
  })

  it("refuses a base image that is not the recorded one", async () => {
    const { folder } = locate(FIRST)
    const { repository, tag } = BASE
    const repositories = join(folder.basesStorage, "docker/registry/v2/repositories", repository)
    const link = join(repositories, "_manifests/tags", tag, "current/link")
    const genuine = readFileSync(link, "utf8")
    writeFileSync(link, `sha256:${"0".repeat(64)}`)
    try {
      const refusal = { code: "ENGINE_STATE", problem: expect.stringContaining(`is ${genuine}, but`) as string }
      await expect(up({ instance: FIRST, log })).rejects.toMatchObject(refusal)
    } finally {
      writeFileSync(link, genuine)
    }
    expect(await up({ instance: FIRST, log })).toEqual(first)
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
    const build = runnerImages(first, "build", "--sources", "registry", "--output", join(tmpdir(), "never-written"))
    let said = ""
    build.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()))
    await expect.poll(() => said, { timeout: 60_000 }).toMatch(/base image … /)
    process.kill(killed?.pid ?? 0, "SIGKILL")
    const { exitCode, stdout } = await build
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
    expect(said.slice(said.indexOf("error: "))).toMatch(
      /^error: The Dagger engine was lost during the step "[^"]+" for .+\. The engine of instance engine-test has ended\. \[ENGINE_LOST\]\n(?: {2}.*\n)+Run the same command again: finished steps are kept\. .*\n$/,
    )
    await expect.poll(async () => (await status(FIRST)).state, { timeout: 5_000 }).toBe("stopped")
    await expect.poll(() => findMarked(record(FIRST).marker), { timeout: 5_000 }).toEqual([])
    const address = first.env._EXPERIMENTAL_DAGGER_RUNNER_HOST ?? ""
    await expect(requireReachable(address)).rejects.toMatchObject({
      problem: expect.stringMatching(/ECONNREFUSED.* The engine of instance engine-test has ended\.$/) as string,
      details: expect.arrayContaining([expect.stringMatching(/./)]) as string[],
    })
    expect(await up({ instance: FIRST, log })).toEqual(first)
    await requireReachable(address)
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
    const outermost = findMarked(record(FIRST).marker).filter(({ pid }) => commandOf(pid).startsWith("unshare\0"))
    expect(outermost).toEqual([engineProcess(record(FIRST))])
  })

  it("has room for a second instance, with everything its own", async () => {
    const registryPort = record(FIRST).registryPort
    await expect(up({ instance: SECOND, registryPort, log })).rejects.toThrow(
      `Port ${registryPort} of 127.0.0.1, where the local registry listens, is reserved for engine instance ${FIRST}, whose record is `,
    )
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
    const { forwarding } = (await planFor({ instance: VISITOR })).facts
    const rules = instanceRules(folder, "192.0.2.0/30", forwarding.guarded).length
    expect((JSON.parse(dry.stdout) as { changes: string[] }).changes).toContain(
      `adds ${rules} firewall rules with the comment "${folder.comment}"`,
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
      const snapshot = (cacheBuster: string) => readFileSync(join(scratch, cacheBuster), "utf8")
      // The comparison means something only if there was something to see.
      expect(snapshot("during")).not.toBe(snapshot("before"))
      expect(snapshot("during")).toContain(locate(VISITOR).folder.hostInterface)
      expect(snapshot("before")).toContain("CNI-foreign")
      expect(snapshot("after")).toBe(snapshot("before"))
      expect(settings(snapshot("before"))).toEqual({
        ip_forward: "0",
        all: "0",
        default: "0",
        uplink0: "0",
        third0: "0",
      })
      expect(settings(snapshot("during"))).toEqual({
        ip_forward: "0",
        all: "0",
        default: "0",
        uplink0: "1",
        third0: "0",
      })
      expect(readFileSync(join(scratch, "reach"), "utf8").split("\n")).toEqual([
        "from the engine to the outside: an answer",
        "from the outside to the engine: silence",
        "from the outside to a third network: silence, 0 packets passed on",
        "",
      ])
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
