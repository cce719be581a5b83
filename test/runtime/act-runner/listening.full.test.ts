import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as tar from "tar"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeCertificate } from "../../fake-github/certificate.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import type { Job } from "../../fake-github/jobs.js"
import { startForwardProxy } from "../../forward-proxy.js"
import { ActRunnerHome, killSession, runnerToken, timeless } from "./act-runner-home.js"

const BUILD = 15 * 60_000

let home: ActRunnerHome
let github: FakeGitHub

beforeEach(async () => {
  home = await ActRunnerHome.create()
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  // That it is connected again, a runner knows when an open question is answered.
  github.settings.pollSeconds = 2
}, BUILD)
afterEach(async () => {
  await home.remove()
  await github.close()
})

const job = (run = "true", more: object = {}): Job =>
  github.jobs.enqueue({ repository: "octo/example", steps: [{ run }], ...more })

const LONG = "echo begun; sleep 60; echo not here"

async function begun(one: Job): Promise<void> {
  await github.waitForJob(one, "in_progress")
  while (!one.log.includes("begun\n")) await github.jobs.change(100)
}

describe.each([
  ["broker", true],
  ["pipelines service", false],
])("a runner that listens to the %s", (_, useV2Flow) => {
  beforeEach(async () => {
    github.settings.useV2Flow = useV2Flow
    expect((await home.configure(github)).exitCode).toBe(0)
  })
  const messages = (): string => (useV2Flow ? "/_services/broker/message" : "*/messages")

  it("outlives a server that is away for a while", async () => {
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

  it("sends the log and the result of a job to a server that is away when it ends", async () => {
    const one = job("echo begun; sleep 1; echo done")
    home.start("bin/Runner.Listener", ["run"])
    await begun(one)
    await github.down()
    await sleep(1800)
    await github.up()
    await github.waitForJob(one)
    expect([one.result, one.log.match(/^(?:begun|done)$/gm)]).toEqual(["Succeeded", ["begun", "done"]])
  })

  it("asks a server again that answers with nonsense or not at all", async () => {
    for (const fault of [
      { status: 500 },
      { drop: "answer" },
      { drop: "connection" },
      { status: 200, body: "nonsense" },
    ] as const)
      github.faults.add({ path: messages(), ...fault })
    const one = job()
    expect((await home.run("bin/Runner.Listener", ["run", "--once"])).exitCode).toBe(0)
    expect(one.result).toBe("Succeeded")
  })

  it("gives up when another has its session, with a code of its own", async () => {
    const first = home.start("bin/Runner.Listener", ["run"])
    await first.says("Listening for Jobs")
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(5)
    expect(
      [...new Set(stderr.split("\n"))].map((line) => line.replace("TaskAgentSessionConflictException: ", "")),
    ).toEqual([
      "A session for this runner already exists.",
      "Stop retry on SessionConflictException after retried for 1 seconds.",
      "Failed to create session. The runner one already has an active session.",
    ])
  })

  it("waits for the session of a process that is gone, and its job is abandoned", async () => {
    github.settings.sessionSeconds = 1
    const one = job(LONG)
    const killed = home.start("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    await begun(one)
    killSession(killed.pid)
    await github.waitForJob(one)
    expect(one.result).toBe("Abandoned")
    const next = job()
    home.start("bin/Runner.Listener", ["run"])
    expect((await github.waitForJob(next)).result).toBe("Succeeded")
  })

  it("ends when its version is refused, with a code of its own where that is asked for", async () => {
    github.settings.minimumRunnerVersion = "99.0.0"
    const env = { ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "1" }
    expect(await home.run("bin/Runner.Listener", ["run"], env)).toMatchObject({
      exitCode: 7,
      stderr: "An error occurred: Runner version v3.0.0 is deprecated and cannot receive messages.",
    })
    const { exitCode, stdout } = await home.run("run.sh", [], { ...env, RUNNER_MANUALLY_TRAP_SIG: "1" })
    expect(exitCode).toBe(7)
    expect(stdout.split("\n").slice(-2)).toEqual([
      "Runner listener exit with deprecated version exit code: 7.",
      "Exiting runner...",
    ])
    expect(await home.run("bin/Runner.Listener", ["run"])).toMatchObject({ exitCode: 1 })
    expect(await home.run("run.sh")).toMatchObject({ exitCode: 0 })
  })

  it("removes its configuration when somebody removed it, and says so when that was before it starts", async () => {
    const runner = home.start("bin/Runner.Listener", ["run"])
    await runner.says("Listening for Jobs")
    for (const one of github.runners.list()) github.runners.remove(one)
    github.jobs.changed()
    expect(await runner.ended).toMatchObject({
      exitCode: 0,
      stderr: "The runner no longer exists on the server. Cleaning up local configuration.",
    })
    expect(await home.configuration()).toEqual([])
    await home.configure(github)
    for (const one of github.runners.list()) github.runners.remove(one)
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^Failed to create a session\. The runner registration has been deleted from the server/)
  })

  it.each(["SIGINT", "SIGTERM"] as const)("cancels its job at %s, and then ends", async (signal) => {
    const one = github.jobs.enqueue({
      repository: "octo/example",
      steps: [
        { name: "long", run: LONG },
        { name: "always", always: true, run: "echo nor this" },
      ],
    })
    const runner = home.start("bin/Runner.Listener", ["run"])
    await begun(one)
    const start = Date.now()
    process.kill(runner.pid, signal)
    const { exitCode, stdout } = await runner.ended
    expect(exitCode).toBe(0)
    expect(Date.now() - start).toBeLessThan(8000)
    expect(timeless(stdout).split("\n").slice(-2)).toEqual([
      "Exiting...",
      "TIME: Job build completed with result: Canceled",
    ])
    expect([one.result, one.log.includes("nor this\n")]).toEqual(["Canceled", false])
    expect(one.log).toContain("##[error]The runner has received a shutdown signal.")
    expect(one.log).not.toContain("\nnot here\n")
  })

  it("run.sh passes a signal on and tells so by its code, and an ephemeral runner keeps its files then", async () => {
    await home.run("config.sh", ["remove", "--token", runnerToken(github, "remove")])
    await home.configure(github, "--ephemeral")
    const one = job(LONG)
    const runner = home.start("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    await begun(one)
    process.kill(runner.pid, "SIGTERM")
    const { exitCode, stdout } = await runner.ended
    expect([exitCode, one.result]).toEqual([143, "Canceled"])
    expect(stdout).toContain("Runner listener exit with 0 return code, stop the service, no retry needed.")
    expect([github.runners.list(), (await home.configuration()).length]).toEqual([[], 3])
  })

  it("leaves after its job when it is ephemeral, with its configuration", async () => {
    await home.run("config.sh", ["remove", "--token", runnerToken(github, "remove")])
    await home.configure(github, "--ephemeral")
    const jobs = [job(), job()]
    const { exitCode, stdout } = await home.run("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    expect([exitCode, jobs.map(({ status }) => status)]).toEqual([0, ["completed", "queued"]])
    expect([github.runners.list(), await home.configuration()]).toEqual([[], []])
    expect(stdout.split("\n").slice(-4)).toEqual([
      "√ Removed .credentials",
      "√ Removed .runner",
      "Runner listener exit with 0 return code, stop the service, no retry needed.",
      "Exiting runner...",
    ])
  })

  it("does its only job to the end when its registration is over before that", async () => {
    await home.run("config.sh", ["remove", "--token", runnerToken(github, "remove")])
    await home.configure(github, "--ephemeral")
    // What the server says to the question after the job, when it has taken note of the job's end.
    const gone = useV2Flow
      ? { status: 404, body: { source: "broker", errorKind: "RunnerNotFound", errorMessage: "Runner not found" } }
      : { status: 404, body: { message: "TaskAgentNotFoundException: there is no such runner" } }
    github.faults.add({ method: "GET", path: messages(), skip: 1, ...gone })
    const one = job("sleep 1; echo done")
    const { exitCode, stdout, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect([github.faults.pending(), one.result, exitCode, stderr]).toEqual([[], "Succeeded", 0, ""])
    expect(timeless(stdout).split("\n").slice(-3)).toEqual([
      "TIME: Job build completed with result: Succeeded",
      "√ Removed .credentials",
      "√ Removed .runner",
    ])
  })

  it("stays registered after its job by --once", async () => {
    const one = job("exit 1")
    expect((await home.run("bin/Runner.Listener", ["run", "--once"])).exitCode).toBe(0)
    expect([one.result, github.runners.list().length, (await home.configuration()).length]).toEqual(["Failed", 1, 3])
  })

  it("stays on the list while it has a job", async () => {
    const one = job(LONG)
    home.start("bin/Runner.Listener", ["run"])
    await begun(one)
    const { exitCode, stderr } = await home.run("config.sh", ["remove", "--token", runnerToken(github, "remove")])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('An error occurred: Runner "one" is still running a job.')
    expect([(await home.configuration()).length, github.runners.list().length]).toEqual([3, 1])
  })

  it.each(["the command line", "the environment"])("is configured by the server through %s", async (way) => {
    await home.run("config.sh", ["remove", "--token", runnerToken(github, "remove")])
    github.tokens.addPersonal({ token: "ghp_valid" })
    const response = await fetch(`${github.api}/repos/octo/example/actions/runners/generate-jitconfig`, {
      method: "POST",
      headers: { authorization: "Bearer ghp_valid" },
      body: JSON.stringify({ name: "just-in-time", runner_group_id: 1, labels: ["gpu"] }),
    })
    const { encoded_jit_config: encoded } = (await response.json()) as { encoded_jit_config: string }
    const one = job("echo found $(env | grep -c JITCONFIG)", { labels: ["gpu"] })
    const { exitCode, stdout } =
      way === "the command line"
        ? await home.run("run.sh", ["--jitconfig", encoded])
        : await home.run("run.sh", [], { ACTIONS_RUNNER_INPUT_JITCONFIG: encoded })
    expect(exitCode).toBe(0)
    expect(timeless(stdout)).toContain("TIME: Job build completed with result: Succeeded")
    expect([one.log.includes("\nfound 0\n"), one.runner?.name]).toEqual([true, "just-in-time"])
    expect([github.runners.list(), await home.configuration()]).toEqual([[], []])
  })
})

describe("a runner", () => {
  beforeEach(async () => {
    expect((await home.configure(github)).exitCode).toBe(0)
  })

  it("waits at its start for a server that is not there yet", async () => {
    await github.down()
    const runner = home.start("bin/Runner.Listener", ["run"])
    await runner.says("Retrying until reconnected.")
    await github.up()
    await runner.says("Listening for Jobs")
  })

  it("says that its clock is off", async () => {
    github.clock.ahead = 1000
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^The local machine's clock may be out of sync/)
  })

  it("gets a new access token when the server forgets the one that it has", async () => {
    const runner = home.start("bin/Runner.Listener", ["run"])
    await runner.says("Listening for Jobs")
    github.faults.add({ path: "/_services/broker/message", status: 401 })
    expect((await github.waitForJob(job())).result).toBe("Succeeded")
    expect(github.requests.list("/_services/oauth2/token").length).toBe(2)
  })

  it("ends a job that the server gave up, and takes the next", async () => {
    const one = job(LONG)
    home.start("bin/Runner.Listener", ["run"])
    await begun(one)
    const [only] = github.runners.list()
    if (only) only.job = undefined
    github.jobs.complete(one, "Abandoned")
    const next = job()
    await github.waitForJob(next)
    expect(next.result).toBe("Succeeded")
  })

  it("prints the log of jobs when asked to", async () => {
    const one = job("echo hello")
    const runner = home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT: "true" })
    await github.waitForJob(one)
    runner.signal("SIGTERM")
    expect(timeless((await runner.ended).stdout)).toContain("[WORKER TIME INFO Job] hello\n")
  })

  it("tells of its machine what the image's file says", async () => {
    await writeFile(
      join(home.path, ".setup_info"),
      JSON.stringify([{ group: "Runner Image", detail: "Image: a\nVariant: b" }]),
    )
    const one = job()
    home.start("bin/Runner.Listener", ["run"])
    await github.waitForJob(one)
    expect(one.stepLogs["Set up job"]).toContain("##[group]Runner Image\nImage: a\nVariant: b\n##[endgroup]\n")
  })

  it("does no job without a container where its administrator forbids them", async () => {
    const one = job("echo not this")
    home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER: "true" })
    await github.waitForJob(one)
    expect([one.result, one.log.includes("not this\n")]).toEqual(["Failed", false])
    expect(one.log).toContain("##[error]Jobs without a job container are forbidden on this runner.")
  })

  it("takes actions from the folder of archives that its administrator keeps", async () => {
    const cache = join(home.path, "archives")
    await mkdir(join(cache, "octo_counter"), { recursive: true })
    const sha = createHash("sha1").update("octo/counter@v1").digest("hex")
    const file = join(cache, "octo_counter", `${sha}.tar.gz`)
    await tar.create({ gzip: true, cwd: join(github.settings.actions, "octo"), file }, ["counter"])
    const one = github.jobs.enqueue({
      repository: "octo/example",
      steps: [
        { uses: "octo/counter@v1", with: { file: "x" } },
        { uses: "octo/greet@v1", with: { name: "you" } },
      ],
    })
    home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE: cache })
    await github.waitForJob(one)
    expect([one.result, one.log.includes("counting x")]).toEqual(["Succeeded", true])
    expect(github.requests.list("/_services/actions/").map(({ url }) => url.split("/")[4])).toEqual(["greet"])
  })

  it("has jobs see the environment in .env, and the image's name", async () => {
    await writeFile(join(home.path, ".env"), "FROM_FILE=yes\n")
    const one = job('echo "$FROM_FILE $ImageOS ${{ env.FROM_FILE }}"; echo "$ODD"')
    home.start("bin/Runner.Listener", ["run"], { ImageOS: "ubuntu24", ODD: "a ${{ github.token }} b" })
    await github.waitForJob(one)
    expect(one.log).toContain("\nyes ubuntu24 yes\na ${{ github.token }} b\n")
  })
})

describe("hooks", () => {
  beforeEach(async () => {
    expect((await home.configure(github)).exitCode).toBe(0)
  })
  const hookFolder = async (): Promise<string> => {
    const folder = join(home.path, "hooks")
    await mkdir(folder)
    return folder
  }

  it("run before and after the steps, set what steps have, and see nothing that is secret", async () => {
    const folder = await hookFolder()
    const [started, completed] = [join(folder, "started.sh"), join(folder, "completed.sh")]
    await writeFile(
      started,
      `echo "started $GITHUB_REPOSITORY in $PWD"; env > env.txt; echo "FROM_HOOK=yes" >> "$GITHUB_ENV"
       mkdir -p tools; printf '#!/bin/sh\\necho a tool\\n' > tools/tool; chmod +x tools/tool; echo "$PWD/tools" >> "$GITHUB_PATH"`,
    )
    await writeFile(completed, "echo completed\n")
    const one = github.jobs.enqueue({
      repository: "octo/example",
      steps: [{ run: 'tool; echo "step, hook: $FROM_HOOK"' }, { uses: "octo/counter@v1", with: { file: "x" } }],
    })
    home.start("bin/Runner.Listener", ["run"], {
      ACTIONS_RUNNER_HOOK_JOB_STARTED: started,
      ACTIONS_RUNNER_HOOK_JOB_COMPLETED: completed,
      ACTIONS_RUNNER_INPUT_TOKEN: "AAAA-left-over",
    })
    await github.waitForJob(one)
    expect([one.result, one.stepResults.map(({ name }) => name)]).toEqual([
      "Succeeded",
      [
        "Set up job",
        "Set up runner",
        "Pre Run octo/counter@v1",
        'Run tool; echo "step, hook: $FROM_HOOK"',
        "Run octo/counter@v1",
        "Post Run octo/counter@v1",
        "Complete runner",
        "Complete job",
      ],
    ])
    expect(one.log).toMatch(
      /A job started hook has been configured[^]*started octo\/example in [^]*before the steps[^]*a tool\nstep, hook: yes[^]*cleaned up after x[^]*\ncompleted\n/,
    )
    const environment = await readFile(join(home.path, "_work/env.txt"), "utf8")
    expect(environment).toContain(`ACTIONS_RUNNER_HOOK_JOB_STARTED=${started}\n`)
    for (const secret of ["AAAA-left-over", "ACTIONS_RUNNER_INPUT", "ACT_RUNNER_SECONDS"])
      expect(environment).not.toContain(secret)
  })

  it.each([
    ["fails", "failing.sh", "exit 7\n", "##[error]Process completed with exit code 7."],
    ["is missing", "missing.sh", undefined, "##[error]File doesn't exist"],
    ["is no script", "hook.txt", "true\n", "is not a valid path to a script. Make sure it ends in '.sh' or '.ps1'."],
  ])("fail the job when one %s, and its steps do not run", async (_case, name, text, message) => {
    const started = join(await hookFolder(), name)
    if (text !== undefined) await writeFile(started, text)
    const one = job("echo step")
    home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_HOOK_JOB_STARTED: started })
    await github.waitForJob(one)
    expect([one.result, one.stepResults.map(({ result }) => result)]).toEqual([
      "Failed",
      ["Succeeded", "Failed", "Skipped", "Succeeded"],
    ])
    expect(one.log).toContain(message)
  })

  it("the completed one runs after a cancelled job, and fails a job", async () => {
    const completed = join(await hookFolder(), "completed.sh")
    await writeFile(completed, "echo completed hook; exit 3\n")
    const jobs = [job(LONG), job()]
    home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_HOOK_JOB_COMPLETED: completed })
    const [first = job(), second = job()] = jobs
    await begun(first)
    github.jobs.cancel(first)
    for (const one of jobs) await github.waitForJob(one)
    expect(first.log).toContain("\ncompleted hook\n")
    expect([first.result, second.result]).toEqual(["Canceled", "Failed"])
  })
})

describe("connections", () => {
  it("trust an authority that SSL_CERT_FILE has, and not without", async () => {
    const certificate = await makeCertificate(["localhost"])
    const folder = await mkdtemp(join(tmpdir(), "act-runner-ca-"))
    const secure = await startFakeGitHub({ host: "localhost", certificate })
    try {
      const ca = join(folder, "ca.pem")
      await writeFile(ca, certificate.cert)
      secure.accounts.addRepository("octo/example")
      const args = (): string[] => [
        ...["--unattended", "--url", `${secure.url}/octo/example`, "--name", "one"],
        ...["--token", runnerToken(secure, "registration")],
      ]
      const refused = await home.run("config.sh", args())
      expect(refused.exitCode).toBe(1)
      expect(refused.stderr).toMatch(
        /^An error occurred: The SSL connection could not be established, see inner exception\. .*x509: .* \(localhost:\d+\)$/,
      )
      const env = { SSL_CERT_FILE: ca }
      expect((await home.run("config.sh", args(), env)).exitCode).toBe(0)
      const one = secure.jobs.enqueue({
        repository: "octo/example",
        steps: [{ uses: "octo/counter@v1", with: { file: "x" } }],
      })
      expect((await home.run("bin/Runner.Listener", ["run", "--once"], env)).exitCode).toBe(0)
      expect([one.result, one.log.includes("counting x")]).toEqual(["Succeeded", true])
    } finally {
      await secure.close()
      await rm(folder, { recursive: true })
    }
  })

  it("go through the proxy", async () => {
    const proxy = await startForwardProxy("github.example")
    try {
      const server = `http://github.example:${github.port}`
      const env = { http_proxy: `http://user:pass-word@127.0.0.1:${proxy.port}` }
      const { exitCode, stdout, stderr } = await home.run(
        "config.sh",
        [
          "--unattended",
          "--url",
          `${server}/octo/example`,
          "--name",
          "one",
          "--token",
          runnerToken(github, "registration"),
        ],
        env,
      )
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
      expect([proxy.credentials[0], proxy.asked[0]]).toEqual(["user:pass-word", `github.example:${github.port}`])
      expect(stdout + (await home.diagnostics())).not.toContain("pass-word")
      const one = github.jobs.enqueue({
        repository: "octo/example",
        steps: [{ uses: "octo/counter@v1", with: { file: "x" } }],
      })
      expect((await home.run("bin/Runner.Listener", ["run", "--once"], env)).exitCode).toBe(0)
      expect([one.result, one.log.includes("counting x")]).toEqual(["Succeeded", true])
    } finally {
      await proxy.close()
    }
  })
})
