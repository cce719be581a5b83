import { execa } from "execa"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, expect, it } from "vitest"
import { BOTH, commandLine, readReport, ROOT } from "./entry-points.js"

/**
 * Ten phases of a cold build, each with the line of progress after which it is under way. The build is killed there, with
 * everything that it started, and run again.
 */
const PHASES = [
  { name: "engine binaries", after: /binaries: the engine/, seconds: 20 },
  { name: "emulator", after: /emulator: QEMU/, seconds: 1 },
  { name: "base images", after: /bases: base images/, seconds: 10 },
  { name: "SDK contents", after: /sdk-content: the containers/, seconds: 10 },
  { name: "engine start", after: /engine: .*engine\.sock/, seconds: 0 },
  { name: "package archive", after: /base image … /, seconds: 1 },
  { name: "packages", after: /\[linux\/arm64\] resolve packages … /, seconds: 15 },
  { name: "tools", after: /\[linux\/arm64\] packages … /, seconds: 1 },
  { name: "smoke tests", after: /\[linux\/arm64\] files … /, seconds: 2 },
  { name: "finish", after: /\[linux\/arm64\] smoke tests … /, seconds: 2 },
]

const work = mkdtempSync(join(tmpdir(), "runner-images-kill-"))
/** A state folder and an instance of its own, as on a fresh machine. */
const env = {
  XDG_CACHE_HOME: join(work, "cache"),
  RUNNER_IMAGES_INSTANCE: "kill",
  _EXPERIMENTAL_DAGGER_RUNNER_HOST: "",
  _EXPERIMENTAL_DAGGER_CLI_BIN: "",
}
const output = join(work, "dist")
const build = ["build", "--sources", "registry", "--platforms", BOTH, "--output", output]

afterAll(async () => {
  await commandLine.with(env)("engine", "down")
  rmSync(work, { recursive: true, force: true })
})

/** Starts the build in a process group of its own and kills the group in the given phase. Resolves to whether it came that far. */
async function killIn(phase: (typeof PHASES)[number]): Promise<boolean> {
  const child = execa(join(ROOT, "runner-images"), build, {
    cwd: ROOT,
    reject: false,
    stdin: "ignore",
    detached: true,
    env,
  })
  let said = ""
  const reached = await new Promise<boolean>((resolve) => {
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString()
      if (phase.after.test(said)) resolve(true)
    })
    void child.then(() => {
      resolve(false)
    })
  })
  if (!reached) {
    const { exitCode } = await child
    throw new Error(`the build ended with ${String(exitCode)} before ${phase.name}:\n${said.slice(-4000)}`)
  }
  await sleep(phase.seconds * 1000)
  if (child.pid === undefined) return false
  process.kill(-child.pid, "SIGKILL")
  return (await child).signal === "SIGKILL"
}

it(
  "a cold build that is killed once in each of ten phases ends green",
  async () => {
    for (const phase of PHASES) expect([phase.name, await killIn(phase)]).toEqual([phase.name, true])
    const last = await commandLine.with(env)(...build)
    expect([last.exitCode, last.stderr.slice(-4000)]).toEqual([0, expect.anything()])
    const { platforms } = readReport(join(output, "standard"))
    expect(platforms.map(({ checks }) => checks.filter(({ status }) => status !== "passed"))).toEqual([[], []])
  },
  60 * 60_000,
)
