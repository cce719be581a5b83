import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import type { Job } from "../../fake-github/jobs.js"
import { killSession, StandInHome, timeless } from "./stand-in-home.js"

let home: StandInHome
let github: FakeGitHub

beforeEach(async () => {
  home = await StandInHome.create()
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
})
afterEach(async () => {
  await home.remove()
  await github.close()
})

function token(kind: "registration" | "remove"): string {
  const target = github.accounts.find("repos/octo/example")
  if (!target) throw new Error("no repository")
  return github.tokens.createForRunner(kind, target).token
}

async function configure(...args: string[]): Promise<void> {
  const address = ["--url", `${github.url}/octo/example`, "--token", token("registration"), "--name", "one"]
  const { exitCode, stderr } = await home.run("config.sh", ["--unattended", ...address, ...args])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
}

const job = (run: string, more: object = {}): Job =>
  github.jobs.enqueue({ repository: "octo/example", steps: [{ run }], ...more })

describe("a runner", () => {
  it("takes jobs, one after the other, until it is stopped", async () => {
    await configure()
    const jobs = [job("echo hello", { name: "first" }), job("exit 3", { name: "second" })]
    const runner = home.start("bin/Runner.Listener", ["run"])
    for (const one of jobs) await github.waitForJob(one)
    expect(jobs.map(({ result, stepResults }) => [result, stepResults.map(({ exitCode }) => exitCode)])).toEqual([
      ["Succeeded", [0]],
      ["Failed", [3]],
    ])
    expect(jobs[0]?.log).toContain("\nhello\n")
    expect(github.runners.list().map((one) => github.runners.isOnline(one))).toEqual([true])
    runner.signal("SIGTERM")
    const { exitCode, stdout, stderr } = await runner.ended
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(timeless(stdout).replaceAll(/\d[\d.]+-standin/g, "VERSION")).toMatchInlineSnapshot(`
      "Stand-in runner VERSION. This is not the GitHub Actions runner.

      √ Connected to GitHub

      Current runner version: 'VERSION'
      TIME: Listening for Jobs
      TIME: Running job: first
      TIME: Job first completed with result: Succeeded
      TIME: Running job: second
      TIME: Job second completed with result: Failed"
    `)
    expect(github.runners.list().map((one) => github.runners.isOnline(one))).toEqual([false])
  })

  it("takes no job whose label it lacks", async () => {
    await configure("--labels", "gpu")
    const [others, own] = [job("true", { labels: ["self-hosted", "tpu"] }), job("true", { labels: ["gpu", "LINUX"] })]
    home.start("bin/Runner.Listener", ["run"])
    await github.waitForJob(own)
    expect([others.status, own.result]).toEqual(["queued", "Succeeded"])
  })

  it("does a job's steps in its folder, with GitHub's variables, and takes on what steps set", async () => {
    await configure("--work", "_jobs")
    const steps = [
      { run: 'pwd; echo "GREETING=hello" >> "$GITHUB_ENV"; printf "TEXT<<END\\na\\nb\\nEND\\n" >> "$GITHUB_ENV"' },
      {
        run: 'mkdir tools; printf "#!/bin/sh\\necho tool\\n" > tools/tool; chmod +x tools/tool; echo "$PWD/tools" >> "$GITHUB_PATH"',
      },
      { run: 'tool; echo "$GREETING $OWN $SHARED"; echo "$TEXT"; echo "the secret is s3cret"', env: { OWN: "own" } },
      { run: "echo $CI $GITHUB_ACTIONS $GITHUB_REPOSITORY $GITHUB_JOB $RUNNER_NAME $RUNNER_OS" },
    ]
    const one = github.jobs.enqueue({
      repository: "octo/example",
      name: "build",
      steps,
      env: { SHARED: "shared" },
      secrets: ["s3cret"],
    })
    home.start("bin/Runner.Listener", ["run"])
    await github.waitForJob(one)
    const lines = one.log.split("\n").filter((line) => line !== "" && !line.startsWith("##["))
    expect(lines).toEqual([
      join(home.path, "_jobs/example/example"),
      "tool",
      "hello own shared",
      "a",
      "b",
      "the secret is ***",
      "true true octo/example build one Linux",
      "Cleaning up orphan processes",
    ])
  })

  it("goes on after a failed step only with those that always run", async () => {
    await configure()
    const one = github.jobs.enqueue({
      repository: "octo/example",
      steps: [
        { name: "breaks", run: "false; echo not here" },
        { name: "skipped", run: "echo nor here" },
        { name: "always", run: "echo cleaned", always: true },
      ],
    })
    home.start("bin/Runner.Listener", ["run"])
    await github.waitForJob(one)
    expect([one.result, one.stepResults]).toEqual([
      "Failed",
      [
        { name: "breaks", result: "Failed", exitCode: 1 },
        { name: "skipped", result: "Skipped", exitCode: null },
        { name: "always", result: "Succeeded", exitCode: 0 },
      ],
    ])
    expect(one.log).toMatch(/cleaned/)
    expect(one.log).not.toMatch(/here$/m)
  })

  it("ends what a job left behind", async () => {
    await configure()
    const one = job("sleep 300 & echo $!")
    home.start("bin/Runner.Listener", ["run"])
    await github.waitForJob(one)
    const pid = /^(\d+)$/m.exec(one.log)?.[1] ?? ""
    expect(one.log).toContain(`Terminate orphan process: pid (${pid}) (sleep)`)
  })

  it("has programs by the names of the real one's", async () => {
    await configure()
    const one = job("ps -e -o comm=,args= | grep -E '^Runner[.]' | sort")
    home.start("bin/Runner.Listener", ["run"])
    await github.waitForJob(one)
    expect(one.log).toMatch(/^Runner\.Listener +node .*bin\/Runner\.Listener run$/m)
    expect(one.log).toMatch(/^Runner\.Worker +node .*bin\/Runner\.Worker spawnclient$/m)
  })

  it("keeps logs of its own, without tokens", async () => {
    await configure()
    const one = job("true")
    const runner = home.start("bin/Runner.Listener", ["run"])
    await github.waitForJob(one)
    runner.signal("SIGTERM")
    await runner.ended
    const folder = join(home.path, "_diag")
    const files = (await readdir(folder)).sort()
    expect(files.map((file) => file.replace(/\d{8}-\d{6}/, "TIME")).at(-1)).toBe("Worker_TIME-utc.log")
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")))
    expect(texts.join("")).toMatch(/INFO Terminal\] WRITE LINE: .*Job build completed with result: Succeeded/)
    expect(texts.at(-1)).toMatch(/INFO JobRunner\] Job result after all job steps finish: Succeeded/)
    for (const { token: secret } of github.tokens.list()) expect(texts.join("")).not.toContain(secret)
  })

  it("prints the log of jobs when asked to", async () => {
    await configure()
    const one = job("echo hello")
    const runner = home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT: "true" })
    await github.waitForJob(one)
    runner.signal("SIGTERM")
    expect(timeless((await runner.ended).stdout)).toContain("[WORKER TIME INFO Job] hello\n")
  })
})

describe("a runner for one job", () => {
  it("that is ephemeral leaves after it, with its configuration", async () => {
    await configure("--ephemeral")
    const jobs = [job("true"), job("true")]
    const { exitCode, stdout } = await home.run("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    expect(exitCode).toBe(0)
    expect(jobs.map(({ status }) => status)).toEqual(["completed", "queued"])
    expect(github.runners.list()).toEqual([])
    expect(await home.configuration()).toEqual([])
    expect(stdout.split("\n").slice(-4)).toEqual([
      "√ Removed .credentials",
      "√ Removed .runner",
      "Runner listener exit with 0 return code, stop the service, no retry needed.",
      "Exiting runner...",
    ])
  })

  it("that is ephemeral and stopped before its end is off the list, but keeps its files, as the real one does", async () => {
    await configure("--ephemeral")
    const one = job("echo begun; sleep 60")
    const runner = home.start("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    while (!one.log.includes("begun\n")) await github.jobs.change(100)
    process.kill(runner.pid, "SIGTERM")
    await runner.ended
    expect(one.result).toBe("Canceled")
    expect(github.runners.list()).toEqual([])
    expect(await home.configuration()).toHaveLength(3)
  })

  it("by --once stays registered", async () => {
    await configure()
    const one = job("exit 1")
    expect((await home.run("bin/Runner.Listener", ["run", "--once"])).exitCode).toBe(0)
    expect(one.result).toBe("Failed")
    expect(github.runners.list()).toHaveLength(1)
    expect(await home.configuration()).toHaveLength(3)
  })

  it.each(["the command line", "the environment"])("is configured by the server through %s", async (way) => {
    github.tokens.addPersonal({ token: "ghp_valid" })
    const response = await fetch(`${github.api}/repos/octo/example/actions/runners/generate-jitconfig`, {
      method: "POST",
      headers: { authorization: "Bearer ghp_valid" },
      body: JSON.stringify({ name: "just-in-time", runner_group_id: 1, labels: ["gpu"] }),
    })
    const { encoded_jit_config: encoded } = (await response.json()) as { encoded_jit_config: string }
    const one = job("env | grep -c JITCONFIG || true", { labels: ["gpu"] })
    const { exitCode, stdout } =
      way === "the command line"
        ? await home.run("run.sh", ["--jitconfig", encoded])
        : await home.run("run.sh", [], { ACTIONS_RUNNER_INPUT_JITCONFIG: encoded })
    expect(exitCode).toBe(0)
    expect(timeless(stdout)).toContain("TIME: Job build completed with result: Succeeded")
    expect(one.log).toContain("\n0\n")
    expect(one.runner?.name).toBe("just-in-time")
    expect(github.runners.list()).toEqual([])
    expect(await home.configuration()).toEqual([])
  })
})

describe("a running job", () => {
  const LONG = "echo begun; sleep 60; echo not here"

  const begun = async (one: Job): Promise<void> => {
    await github.waitForJob(one, "in_progress")
    while (!one.log.includes("begun\n")) await github.jobs.change(100)
  }

  it.each(["SIGINT", "SIGTERM"] as const)("is cancelled by %s, and then the runner ends", async (signal) => {
    await configure()
    const one = job(LONG)
    const runner = home.start("bin/Runner.Listener", ["run"])
    await begun(one)
    const start = Date.now()
    process.kill(runner.pid, signal)
    const { exitCode, stdout } = await runner.ended
    expect(exitCode).toBe(0)
    // sleep does not hear what is for the shell alone, which is told to terminate after a while.
    expect(Date.now() - start).toBeLessThan(5000)
    expect(timeless(stdout).split("\n").slice(-2)).toEqual([
      signal === "SIGINT" ? "Exiting..." : "TIME: Running job: build",
      "TIME: Job build completed with result: Canceled",
    ])
    expect([one.result, one.stepResults.map(({ result }) => result)]).toEqual(["Canceled", ["Canceled"]])
    expect(one.log).not.toContain("not here\n##")
  })

  it("is cancelled at once by a signal to run.sh that traps it, which tells so by its code", async () => {
    await configure()
    const one = job(LONG)
    const runner = home.start("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    await begun(one)
    const start = Date.now()
    process.kill(runner.pid, "SIGTERM")
    const { exitCode, stdout } = await runner.ended
    expect(exitCode).toBe(143)
    expect(Date.now() - start).toBeLessThan(4000)
    expect(one.result).toBe("Canceled")
    const lines = timeless(stdout).split("\n").slice(-5)
    // The script and the listener hear of it at the same time.
    expect([...lines.slice(0, 3).sort(), ...lines.slice(3)]).toEqual([
      "Exiting runner...",
      "Exiting...",
      "TIME: Running job: build",
      "TIME: Job build completed with result: Canceled",
      "Runner listener exit with 0 return code, stop the service, no retry needed.",
    ])
  })

  it("is cancelled by the server, and its completed hook runs all the same", async () => {
    await configure()
    const hook = join(home.path, "completed.sh")
    await writeFile(hook, "echo completed hook\n")
    const one = job(LONG)
    home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_HOOK_JOB_COMPLETED: hook })
    await begun(one)
    github.jobs.cancel(one)
    await github.waitForJob(one)
    expect(one.result).toBe("Canceled")
    expect(one.log).toContain("\ncompleted hook\n")
  })

  it("keeps its runner on the list", async () => {
    await configure()
    const one = job(LONG)
    home.start("bin/Runner.Listener", ["run"])
    await begun(one)
    const { exitCode, stderr } = await home.run("config.sh", ["remove", "--token", token("remove")])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Runner \\"one\\" is currently running a job and cannot be deleted.')
    expect(stderr).toContain('An error occurred: Runner "one" is still running a job.')
    expect(await home.configuration()).toHaveLength(3)
    expect(github.runners.list()).toHaveLength(1)
  })

  it("is lost with its runner, and another of the same name takes its place after a while", async () => {
    github.settings.sessionSeconds = 1
    await configure()
    const one = job(LONG)
    const killed = home.start("run.sh", [], { RUNNER_MANUALLY_TRAP_SIG: "1" })
    await begun(one)
    killSession(killed.pid)
    await github.waitForJob(one)
    expect(one.result).toBe("Abandoned")
    const next = job("true")
    home.start("bin/Runner.Listener", ["run"])
    expect((await github.waitForJob(next)).result).toBe("Succeeded")
  })
})

describe("hooks", () => {
  const hookFolder = async (): Promise<string> => {
    const folder = join(home.path, "hooks")
    await mkdir(folder)
    return folder
  }

  it("run before and after the steps, and see nothing that is secret", async () => {
    await configure()
    const folder = await hookFolder()
    const [started, completed] = [join(folder, "started.sh"), join(folder, "completed.sh")]
    await writeFile(
      started,
      'echo "started $GITHUB_REPOSITORY"; env > env.txt; echo "FROM_HOOK=yes" >> "$GITHUB_ENV"\n',
    )
    await writeFile(completed, "echo completed; exit 0\n")
    // Run by bash, whatever their modes.
    await chmod(started, 0o644)
    const one = job('echo "step, hook: $FROM_HOOK"')
    home.start("bin/Runner.Listener", ["run"], {
      ACTIONS_RUNNER_HOOK_JOB_STARTED: started,
      ACTIONS_RUNNER_HOOK_JOB_COMPLETED: completed,
      ACTIONS_RUNNER_INPUT_TOKEN: "AAAA-left-over",
    })
    await github.waitForJob(one)
    expect([one.result, one.stepResults.map(({ name }) => name)]).toEqual([
      "Succeeded",
      ["Set up runner", 'Run echo "step, hook: $FROM_HOOK"', "Complete runner"],
    ])
    expect(one.log).toMatch(
      /A job started hook has been configured[^]*started octo\/example[^]*step, hook: yes[^]*completed/,
    )
    const environment = await readFile(join(home.path, "_work/env.txt"), "utf8")
    expect(environment).toContain(`ACTIONS_RUNNER_HOOK_JOB_STARTED=${started}\n`)
    for (const secret of [
      "AAAA-left-over",
      "ACTIONS_RUNNER_INPUT",
      "STAND_IN_SECONDS",
      ...github.tokens.list().map(({ token: text }) => text),
    ])
      expect(environment).not.toContain(secret)
  })

  it.each([
    ["fails", "failing.sh", "exit 7\n", "##[error]Process completed with exit code 7."],
    ["is missing", "missing.sh", undefined, "##[error]File doesn't exist"],
    ["is no script", "hook.txt", "true\n", "is not a valid path to a script. Make sure it ends in '.sh' or '.ps1'."],
  ])("fail the job when one %s, and its steps do not run", async (_case, name, text, message) => {
    await configure()
    const started = join(await hookFolder(), name)
    if (text !== undefined) await writeFile(started, text)
    const one = job("echo step")
    home.start("bin/Runner.Listener", ["run"], { ACTIONS_RUNNER_HOOK_JOB_STARTED: started })
    await github.waitForJob(one)
    expect([one.result, one.stepResults.map(({ result }) => result)]).toEqual(["Failed", ["Failed", "Skipped"]])
    expect(one.log).toContain(message)
  })
})
