import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeCertificate } from "../../fake-github/certificate.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { StandInHome, timeless } from "./stand-in-home.js"

let home: StandInHome
let github: FakeGitHub

beforeEach(async () => {
  home = await StandInHome.create()
})
afterEach(async () => {
  await home.remove()
  await github.close()
})

async function configure(env: Record<string, string> = {}, ...args: string[]) {
  const target = github.accounts.addRepository("octo/example")
  const { token } = github.tokens.createForRunner("registration", target)
  const address = ["--url", `${github.url}/octo/example`, "--token", token, "--name", "one"]
  return await home.run("config.sh", ["--unattended", ...address, ...args], env)
}

const job = () => github.jobs.enqueue({ repository: "octo/example", steps: [{ run: "true" }] })

describe("over HTTPS", () => {
  it("the runner works with a certificate that NODE_EXTRA_CA_CERTS has, and not without", async () => {
    const certificate = await makeCertificate()
    const folder = await mkdtemp(join(tmpdir(), "stand-in-ca-"))
    try {
      const ca = join(folder, "ca.pem")
      await writeFile(ca, certificate.cert)
      github = await startFakeGitHub({ certificate })
      const refused = await configure()
      expect(refused.exitCode).toBe(1)
      expect(refused.stderr).toMatch(/^An error occurred: The SSL connection could not be established/)
      const env = { NODE_EXTRA_CA_CERTS: ca }
      expect((await configure(env)).exitCode).toBe(0)
      const one = job()
      expect((await home.run("bin/Runner.Listener", ["run", "--once"], env)).exitCode).toBe(0)
      expect(one.result).toBe("Succeeded")
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe("over HTTP", () => {
  beforeEach(async () => {
    github = await startFakeGitHub()
  })

  it("the runner outlives a server that is away for a while", async () => {
    await configure()
    const runner = home.start("bin/Runner.Listener", ["run"])
    await runner.says("Listening for Jobs")
    await github.down()
    await runner.says("Runner connect error")
    await sleep(700)
    await github.up()
    await runner.says("Runner reconnected.")
    expect((await github.waitForJob(job())).result).toBe("Succeeded")
    runner.signal("SIGTERM")
    const { exitCode, stderr } = await runner.ended
    expect(exitCode).toBe(0)
    // Said once, however often it was tried.
    expect(timeless(stderr)).toMatch(/^TIME: Runner connect error: [^\n]+\. Retrying until reconnected\.$/)
  })

  it("the runner waits at its start for a server that is not there yet", async () => {
    await configure()
    await github.down()
    const runner = home.start("bin/Runner.Listener", ["run"])
    await runner.says("Retrying until reconnected.")
    await github.up()
    await runner.says("Listening for Jobs")
  })

  it("a job's result reaches a server that is away when it ends", async () => {
    await configure()
    const one = github.jobs.enqueue({ repository: "octo/example", steps: [{ run: "echo begun; sleep 1; echo done" }] })
    home.start("bin/Runner.Listener", ["run"])
    while (!one.log.includes("begun\n")) await github.jobs.change(100)
    await github.down()
    await sleep(1500)
    await github.up()
    await github.waitForJob(one)
    expect([one.result, one.log.match(/^(?:begun|done)$/gm)]).toEqual(["Succeeded", ["begun", "done"]])
  })

  it("a server that answers with nonsense or not at all is asked again", async () => {
    await configure()
    for (const fault of [
      { status: 500 },
      { drop: "answer" },
      { drop: "connection" },
      { status: 200, body: "nonsense" },
    ] as const)
      github.faults.add({ path: "/_services/broker/message", ...fault })
    const one = job()
    expect((await home.run("bin/Runner.Listener", ["run", "--once"])).exitCode).toBe(0)
    expect(one.result).toBe("Succeeded")
  })

  it("a second runner with the same credentials gives up, with a code of its own", async () => {
    await configure()
    const first = home.start("bin/Runner.Listener", ["run"])
    await first.says("Listening for Jobs")
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(5)
    const lines = [...new Set(timeless(stderr).split("\n"))]
    expect(lines).toMatchInlineSnapshot(`
      [
        "A session for this runner already exists.",
        "TIME: Runner connect error: The runner one already has an active session. Retrying until reconnected.",
        "Stop retry on SessionConflictException after retried for 1 seconds.",
        "Failed to create session. The runner one already has an active session.",
      ]
    `)
  })

  it("a session of a process that is gone is waited for", async () => {
    github.settings.sessionSeconds = 1
    await configure()
    const killed = home.start("bin/Runner.Listener", ["run"])
    await killed.says("Listening for Jobs")
    killed.signal("SIGKILL")
    const next = home.start("bin/Runner.Listener", ["run"], { STAND_IN_SECONDS: "retry=0.2,conflict=10,poll=1" })
    await next.says("A session for this runner already exists.")
    await next.says("Listening for Jobs")
  })

  describe("a version that is refused", () => {
    beforeEach(async () => {
      await configure()
      github.settings.minimumRunnerVersion = "2.329.0"
    })
    const MESSAGE =
      /^An error occurred: Runner version v0\.\d+\.\d+-standin is deprecated and cannot receive messages\.$/

    it("has a code of its own, where that is asked for, through run.sh too", async () => {
      const env = { ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "1" }
      expect(await home.run("bin/Runner.Listener", ["run"], env)).toMatchObject({
        exitCode: 7,
        stderr: expect.stringMatching(MESSAGE) as string,
      })
      for (const more of [{}, { RUNNER_MANUALLY_TRAP_SIG: "1" }]) {
        const { exitCode, stdout } = await home.run("run.sh", [], { ...env, ...more })
        expect(exitCode).toBe(7)
        expect(stdout.split("\n").slice(-2)).toEqual([
          "Runner listener exit with deprecated version exit code: 7.",
          "Exiting runner...",
        ])
      }
    })

    it("ends like any failure otherwise", async () => {
      expect(await home.run("bin/Runner.Listener", ["run"])).toMatchObject({ exitCode: 1 })
      expect(await home.run("run.sh")).toMatchObject({ exitCode: 0 })
    })
  })

  it("a runner that was removed meanwhile takes its configuration away", async () => {
    await configure()
    const runner = home.start("bin/Runner.Listener", ["run"])
    await runner.says("Listening for Jobs")
    for (const one of github.runners.list()) github.runners.remove(one)
    github.jobs.changed()
    const { exitCode, stderr } = await runner.ended
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: "The runner no longer exists on the server. Cleaning up local configuration.",
    })
    expect(await home.configuration()).toEqual([])
  })

  it("a runner that was removed before it starts says so", async () => {
    await configure()
    for (const one of github.runners.list()) github.runners.remove(one)
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^Failed to create a session\. The runner registration has been deleted from the server/)
  })

  it("a runner whose clock is off says so", async () => {
    await configure()
    github.clock.ahead = 1000
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^The local machine's clock may be out of sync/)
  })

  it("what was not expected is tried again by run.sh after five seconds", async () => {
    await configure()
    // A key that is none.
    await writeFile(join(home.path, ".credentials_rsaparams"), "{}")
    const runner = home.start("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    await runner.says(
      "Runner listener exit with retryable error, re-launch runner in 5 seconds.\nRestarting runner...\n",
    )
    const start = Date.now()
    await runner.says("Restarting runner...\nStand-in runner")
    expect(Date.now() - start).toBeLessThan(5000)
  })
})
