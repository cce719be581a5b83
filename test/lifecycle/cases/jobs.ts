import { readFileSync } from "node:fs"
import { expect } from "vitest"
import type { Job } from "../../fake-github/jobs.js"
import { caseGroup } from "../lifecycle-case.js"
import type { Container } from "../container.js"
import type { ContainerOptions } from "../runtime-spec.js"
import { REPOSITORY, type TestEnvironment, type TestGitHub } from "../test-environment.js"
import { jitConfiguration } from "./registration.js"

type Workflow = Parameters<TestGitHub["jobs"]["enqueue"]>[0]

/** A runner that waits for jobs, and a way to give it some. */
class Workplace {
  constructor(
    readonly testEnv: TestEnvironment,
    readonly github: TestGitHub,
    readonly container: Container,
  ) {}

  /** Gives it a job. */
  begin(steps: Workflow["steps"], more: Partial<Workflow> = {}): Job {
    return this.github.jobs.enqueue({ repository: REPOSITORY, steps, ...more })
  }

  /** Has it do a job to its end. */
  async done(steps: Workflow["steps"], more: Partial<Workflow> = {}, seconds?: number): Promise<Job> {
    return await this.untilDone(this.begin(steps, more), seconds)
  }

  async untilDone(job: Job, seconds = 40): Promise<Job> {
    return await this.github.waitForJob(job, "completed", this.testEnv.timeout(seconds))
  }

  /** Waits until a job has written a line. */
  async untilSays(job: Job, line: string): Promise<void> {
    await this.testEnv.until(`the job says ${line}`, () => lines(job).includes(line), 30)
  }

  /** After one that went wrong, the next job is as usual. */
  async expectNextIsFine(): Promise<void> {
    expect((await this.done([{ run: "true" }])).result).toBe("Succeeded")
    expect(this.github.list().length).toBe(1)
  }
}

async function workplace(
  testEnv: TestEnvironment,
  useV2Flow = true,
  options: ContainerOptions = {},
): Promise<Workplace> {
  const github = await testEnv.github()
  github.settings.useV2Flow = useV2Flow
  return new Workplace(
    testEnv,
    github,
    await testEnv.listening({ ...github.environment, ...options.environment }, options),
  )
}

function lines({ log }: Job): string[] {
  return log.split("\n")
}

/** Names of steps with how they ended, without those that the runner adds around the steps of a job. */
function results({ stepResults }: Job): string[] {
  return stepResults
    .map(({ name, result }) => `${name}: ${result}`)
    .filter((text) => !/^(?:Set up|Complete) /.test(text))
}

/** A composite action with a JavaScript action in it, which has steps before and after, and such an action by itself. */
const ACTIONS: Workflow["steps"] = [
  { id: "greet", uses: "octo/greet@v1", with: { name: "you" } },
  { id: "count", name: "Count", uses: "octo/counter@main", with: { file: "outer" } },
  { run: 'echo "${{ steps.greet.outputs.greeting }}, $GREETED, ${{ steps.count.outputs.count }}"' },
]

function expectActions(job: Job, protocol: Job["protocol"] = "run-service"): void {
  expect(job.protocol).toBe(protocol)
  expect(job.result, job.log).toBe("Succeeded")
  const [counted] = lines(job).filter((line) => line.startsWith("counting outer "))
  expect(counted).toMatch(/^counting outer with Node\.js 24 in \/\S+\/example\/example$/)
  const said = lines(job).filter((line) => !line.startsWith("##[") && !line.startsWith("counting outer"))
  expect(said).toEqual(
    expect.arrayContaining([
      "before the steps",
      "a file beside the action",
      "hello you, you, 1",
      "cleaned up after outer",
      "cleaned up after inner",
    ]),
  )
  expect(results(job)).toEqual(
    expect.arrayContaining(["Pre Count: Succeeded", "Count: Succeeded", "Post Count: Succeeded"]),
  )
}

export const JOBS = caseGroup("Jobs of workflows", [
  {
    name: "actions",
    proves: "a composite action and a JavaScript action run, with their steps before and after",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      expectActions(await at.done(ACTIONS))
      expectActions(await at.done(ACTIONS))
    },
  },
  {
    name: "actions-older-server",
    proves: "the same from a server without the newer flow",
    run: async (testEnv) => {
      const at = await workplace(testEnv, false)
      expectActions(await at.done(ACTIONS), "pipelines")
      expect((await testEnv.stop(at.container)).exitCode).toBe(0)
      expect(at.github.list()).toEqual([])
    },
  },
  {
    name: "actions-any-user",
    proves: "the same as any user id with group 0, on a read-only root",
    run: async (testEnv) => {
      const at = await workplace(testEnv, true, {
        user: "1000660000:0",
        readOnly: true,
        mounts: [{ kind: "tmpfs", target: "/tmp", options: ["exec"] }],
      })
      expectActions(await at.done(ACTIONS))
    },
  },
  {
    name: "actions-just-in-time",
    proves: "the same by a just-in-time configuration, after which the container ends with 0",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const environment = { ...github.server, ACTIONS_RUNNER_INPUT_JITCONFIG: await jitConfiguration(github) }
      const at = new Workplace(testEnv, github, await testEnv.listening(environment))
      expectActions(await at.done(ACTIONS))
      expect((await at.container.ended(testEnv.timeout(20))).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "action-fails",
    proves: "an action that fails or cannot be found fails its job, and its step after is run",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const wrong = await at.done([{ name: "Count", uses: "octo/counter@v1", with: { file: "x", fail: "true" } }])
      expect(wrong.result).toBe("Failed")
      expect(wrong.annotations.map(({ message }) => message)).toContain("counted wrong")
      expect(results(wrong)).toEqual(["Pre Count: Succeeded", "Count: Failed", "Post Count: Succeeded"])
      const missing = await at.done([{ uses: "octo/nothing@v1" }, { run: "echo not this" }])
      expect([missing.result, lines(missing).includes("not this")]).toEqual(["Failed", false])
      await at.expectNextIsFine()
    },
  },
  {
    name: "outputs-and-files",
    proves: "steps pass on outputs, variables and paths by files, and a job passes on outputs and a summary",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done(
        [
          {
            id: "set",
            name: "set",
            run: `
              echo "one=1" >> "$GITHUB_OUTPUT"
              printf 'lines<<END\\na\\nb\\nEND\\n' >> "$GITHUB_OUTPUT"
              printf 'TEXT<<END\\nc\\nd\\nEND\\n' >> "$GITHUB_ENV"
              mkdir -p tools && printf '#!/bin/sh\\necho a tool\\n' > tools/tool && chmod +x tools/tool
              echo "$PWD/tools" >> "$GITHUB_PATH"
              echo "# Done" >> "$GITHUB_STEP_SUMMARY"`,
          },
          { run: 'tool; echo "${{ steps.set.outputs.lines }}"; echo "$TEXT|$OWN|$SHARED"', env: { OWN: "own" } },
        ],
        {
          env: { SHARED: "size ${{ matrix.size }}" },
          matrix: { size: 3 },
          outputs: { answer: "${{ steps.set.outputs.one }}" },
        },
      )
      expect([job.result, job.results], job.log).toEqual(["Succeeded", { answer: "1" }])
      expect(lines(job)).toEqual(expect.arrayContaining(["a tool", "a", "b", "c", "d|own|size 3"]))
      expect(job.summaries).toEqual({ set: "# Done\n" })
    },
  },
  {
    name: "masks",
    proves: "secrets are hidden in logs in every form, and are in no output of a job",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done(
        [
          { id: "leak", run: 'echo "a ${{ secrets.PASS }} b"; echo "key=${{ secrets.PASS }}" >> "$GITHUB_OUTPUT"' },
          { run: "echo -n '${{ secrets.PASS }}' | base64; echo second line of it" },
          // The script itself is shown, so it does not contain what it hides.
          { run: 'V=found-$((6 * 7)); echo "::add-mask::$V"; echo "it is $V"' },
          { run: "echo token: $TOKEN", env: { TOKEN: "${{ github.token }}" } },
        ],
        {
          namedSecrets: { PASS: "pass-w0rd", KEY: "first line of it\nsecond line of it\n" },
          outputs: { leaked: "${{ steps.leak.outputs.key }}", fine: "fine" },
        },
      )
      expect([job.result, job.results], job.log).toEqual(["Succeeded", { fine: "fine" }])
      expect(lines(job)).toEqual(expect.arrayContaining(["a *** b", "it is ***", "token: ***"]))
      const everything = JSON.stringify({ log: job.log, logs: job.stepLogs, results: job.stepResults })
      for (const secret of ["pass-w0rd", "cGFzcy13MHJk", "second line of it", "found-42"])
        expect(`${everything}${at.container.lines.text}`).not.toContain(secret)
    },
  },
  {
    name: "conditions",
    proves: "steps follow if, continue-on-error, and what came of those before them",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done([
        { name: "skipped", if: "${{ github.ref == 'refs/heads/other' }}", run: "echo not this" },
        { id: "try", name: "tolerated", run: "exit 4", continueOnError: true },
        { name: "goes on", run: "echo ${{ steps.try.outcome }} ${{ steps.try.conclusion }} ${{ job.status }}" },
        { name: "breaks", run: "false; echo not this" },
        { name: "skipped after it", run: "echo not this" },
        { name: "on failure", if: "failure()", run: "echo saw the failure of a ${{ job.status }}" },
        { name: "always", always: true, run: "echo cleaned" },
      ])
      expect(job.result).toBe("Failed")
      expect(results(job)).toEqual([
        "skipped: Skipped",
        "tolerated: Succeeded",
        "goes on: Succeeded",
        "breaks: Failed",
        "skipped after it: Skipped",
        "on failure: Succeeded",
        "always: Succeeded",
      ])
      expect(lines(job)).toEqual(
        expect.arrayContaining(["failure success success", "saw the failure of a failure", "cleaned"]),
      )
      expect(lines(job)).not.toContain("not this")
      await at.expectNextIsFine()
    },
  },
  {
    name: "defaults",
    proves: "a job's defaults are its steps' shell and folder, unless a step says otherwise",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done(
        [
          { run: "mkdir -p inner", workingDirectory: ".", shell: "bash" },
          { run: 'echo "in ${PWD##*/} by ${BASH_VERSION:-sh}"' },
          {
            run: "import os; print('python in', os.path.basename(os.getcwd()))",
            shell: "python",
            workingDirectory: ".",
          },
          { run: "false | true; echo not this", shell: "bash" },
        ],
        { defaults: { shell: "sh", workingDirectory: "inner" } },
      )
      expect(lines(job)).toEqual(expect.arrayContaining(["in inner by sh", "python in example"]))
      expect([job.result, lines(job).includes("not this")], job.log).toEqual(["Failed", false])
    },
  },
  {
    name: "timeout",
    proves: "a step that takes too long fails, what it started is ended, and steps for that are run",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done(
        [
          { name: "slow", run: "sleep 4321 & echo begun; wait", timeoutMinutes: 1 },
          { name: "not run", run: "echo not this" },
          { name: "always", always: true, run: "echo cleaned; pgrep -f 'sleep 432[1]' || echo none is left" },
        ],
        {},
        110,
      )
      expect(job.result).toBe("Failed")
      expect(results(job)).toEqual(["slow: Failed", "not run: Skipped", "always: Succeeded"])
      expect(lines(job)).toEqual(expect.arrayContaining(["begun", "cleaned", "none is left"]))
      expect(job.log).toMatch(/##\[error\].*timed out/)
      await at.expectNextIsFine()
    },
  },
  {
    name: "cancelled",
    proves: "a job that is cancelled ends its step, runs those for that, and the runner takes the next job",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = at.begin([
        { name: "long", run: "trap 'echo asked; exit 9' INT; echo begun; sleep 600 & wait; echo not this" },
        { name: "not run", run: "echo not this" },
        { name: "cleans up", if: "cancelled()", run: "echo cleaned ${{ job.status }}" },
      ])
      await at.untilSays(job, "begun")
      at.github.jobs.cancel(job)
      await at.untilDone(job)
      expect(job.result).toBe("Canceled")
      expect(results(job)).toEqual(["long: Canceled", "not run: Skipped", "cleans up: Succeeded"])
      expect(lines(job)).toEqual(expect.arrayContaining(["asked", "cleaned cancelled"]))
      expect(lines(job)).not.toContain("not this")
      await at.container.lines.waitFor(/: Job build completed with result: Canceled$/, testEnv.timeout(10))
      await at.expectNextIsFine()
    },
  },
  {
    name: "worker-killed",
    proves: "a job whose worker is killed fails, and the runner takes the next",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done([{ run: "echo begun; pkill -9 -x Runner.Worker; sleep 600" }])
      expect(job.result).toBe("Failed")
      await at.container.lines.waitFor(/: Job build completed with result: Failed$/, testEnv.timeout(10))
      await at.expectNextIsFine()
    },
  },
  {
    name: "folders-of-a-job",
    proves: "the workspace stays for the next job, the temporary folder does not, and what a job left running is ended",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const first = await at.done([
        {
          run: 'echo kept > kept; echo gone > "$RUNNER_TEMP/gone"; mkdir -p "$RUNNER_TEMP/ro/x"; chmod 0500 "$RUNNER_TEMP/ro"',
        },
        { run: "sleep 4322 & echo left" },
      ])
      expect(
        [first.result, lines(first).some((line) => line.startsWith("Terminate orphan process: "))],
        first.log,
      ).toEqual(["Succeeded", true])
      const second = await at.done([
        {
          run: 'cat kept; ls "$RUNNER_TEMP" | grep -cE "gone|ro" || true; pgrep -f "sleep 432[2]" || echo none is left',
        },
        { run: 'jq -r .repository.full_name "$GITHUB_EVENT_PATH"; echo "$GITHUB_WORKSPACE $RUNNER_NAME"' },
      ])
      expect(lines(second)).toEqual(expect.arrayContaining(["kept", "0", "none is left", REPOSITORY]))
      await testEnv.until("both jobs are in the job log", () => {
        const log = readFileSync(at.container.written("tmp/jobs.log"), "utf8")
        return log.match(/\bsuccess\b/g)?.length === 2
      })
    },
  },
  {
    name: "nothing-by-the-log",
    proves:
      "text in a log cannot change what later steps run, NODE_OPTIONS cannot be set, and scripts have no token of GitHub's services",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done([
        { name: "log", run: 'echo "::set-env name=EVIL::yes"; echo "::add-path::/evil"' },
        { name: "file", always: true, run: 'echo "NODE_OPTIONS=--title=evil" >> "$GITHUB_ENV"' },
        {
          name: "after",
          always: true,
          run: 'env | grep -E "^EVIL=|evil|^NODE_OPTIONS=|^ACTIONS_RUNTIME_TOKEN=" || echo nothing of it',
        },
      ])
      expect(results(job)).toEqual(["log: Failed", "file: Succeeded", "after: Succeeded"])
      expect(lines(job)).toContain("nothing of it")
    },
  },
  {
    name: "machine-in-the-log",
    proves: "the first step of a job tells what image it runs in",
    run: async (testEnv) => {
      const at = await workplace(testEnv)
      const job = await at.done([{ run: "true" }])
      const text = job.stepLogs["Set up job"] ?? ""
      expect(text).toMatch(/##\[group\]Runner Image\n(?:[^#\n]+\n)*Variant: \w+\n(?:[^#\n]+\n)*##\[endgroup\]\n/)
      expect(text).toContain(`\nPlatform: ${testEnv.platform}\n`)
    },
  },
])
