import { createHash } from "node:crypto"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import type { Job } from "../../fake-github/jobs.js"
import { lives } from "../runner/runner-folder.js"
import { ActRunnerHome, type Running, timeless } from "./act-runner-home.js"

type NewJob = Parameters<FakeGitHub["jobs"]["enqueue"]>[0]

/** Compiling, where nobody has done it before. */
const BUILD = 15 * 60_000

/** Lines that steps wrote: without what a runner says about them. */
function output(text: string): string[] {
  let group = false
  return text.split("\n").filter((line) => {
    const shown = !group && !line.startsWith("##[")
    if (line.startsWith("##[group]")) group = true
    if (line === "##[endgroup]") group = false
    return shown && line !== ""
  })
}

describe.each([
  ["the API and the run service", true],
  ["the pipelines service", false],
])("a runner of %s", (_, useV2Flow) => {
  let home: ActRunnerHome
  let github: FakeGitHub
  let runner: Running

  beforeAll(async () => {
    home = await ActRunnerHome.create()
    github = await startFakeGitHub()
    github.accounts.addRepository("octo/example")
    github.settings.useV2Flow = useV2Flow
    expect(await home.configure(github, "--work", "_jobs")).toMatchObject({ exitCode: 0, stderr: "" })
    runner = home.start("bin/Runner.Listener", ["run"])
    await runner.says("Listening for Jobs")
  }, BUILD)
  afterAll(async () => {
    await home.remove()
    await github.close()
  })

  const enqueue = (steps: NewJob["steps"], more: Partial<NewJob> = {}): Job =>
    github.jobs.enqueue({ repository: "octo/example", steps, ...more })

  async function done(one: Job): Promise<Job> {
    try {
      return await github.waitForJob(one)
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${one.log}\n${await home.diagnostics()}`, { cause: error })
    }
  }

  const run = (steps: NewJob["steps"], more: Partial<NewJob> = {}): Promise<Job> => done(enqueue(steps, more))

  const results = ({ stepResults }: Job): string[] => stepResults.map(({ name, result }) => `${name}: ${result}`)

  it("takes jobs, one after the other, and tells how they end", async () => {
    const jobs = [
      enqueue([{ run: "echo hello" }], { name: "first" }),
      enqueue([{ name: "breaks", run: "exit 3" }], { name: "second / one" }),
    ]
    for (const one of jobs) await done(one)
    expect(jobs.map(({ result, stepResults }) => [result, stepResults])).toEqual([
      [
        "Succeeded",
        [
          { name: "Set up job", result: "Succeeded", exitCode: null },
          { name: "Run echo hello", result: "Succeeded", exitCode: null },
          { name: "Complete job", result: "Succeeded", exitCode: null },
        ],
      ],
      [
        "Failed",
        [
          { name: "Set up job", result: "Succeeded", exitCode: null },
          { name: "breaks", result: "Failed", exitCode: 3 },
          { name: "Complete job", result: "Succeeded", exitCode: null },
        ],
      ],
    ])
    expect(jobs[0]?.stepLogs["Run echo hello"]).toBe(
      "##[group]Run echo hello\n\u001b[36;1mecho hello\u001b[0m\nshell: /usr/bin/bash -e {0}\n##[endgroup]\nhello\n",
    )
    expect(jobs[1]?.annotations).toMatchObject([{ step: "breaks", message: "Process completed with exit code 3." }])
    for (const line of [
      "Running job: first",
      "Job first completed with result: Succeeded",
      "Running job: second / one",
      "Job second / one completed with result: Failed",
    ])
      await runner.says(`Z: ${line}\n`)
  })

  it("runs composite and JavaScript actions, with what comes before and after them", async () => {
    const one = await run(
      [
        { id: "greet", uses: "octo/greet@v1", with: { name: "${{ vars.WHO }}" } },
        { id: "count", name: "Count", uses: "octo/counter@main", with: { file: "outer" } },
        { run: 'echo "${{ steps.greet.outputs.greeting }}, $GREETED, ${{ steps.count.outputs.count }}"' },
      ],
      { vars: { WHO: "you" } },
    )
    expect(results(one)).toEqual([
      "Set up job: Succeeded",
      "Pre Run octo/greet@v1: Succeeded",
      "Pre Count: Succeeded",
      "Run octo/greet@v1: Succeeded",
      "Count: Succeeded",
      'Run echo "hello you, $GREETED, 1": Succeeded',
      "Post Count: Succeeded",
      "Post Run octo/greet@v1: Succeeded",
      "Complete job: Succeeded",
    ])
    const node = process.versions.node.split(".")[0] ?? ""
    const workspace = join(home.path, "_jobs/example/example")
    expect(output(one.log).filter((line) => !/^(Runner name|Machine|Downloading)/.test(line))).toEqual([
      "before the steps",
      "before the steps",
      `counting inner with Node.js ${node} in ${workspace}`,
      "a file beside the action",
      `counting outer with Node.js ${node} in ${workspace}`,
      "hello you, you, 1",
      "cleaned up after outer",
      "cleaned up after inner",
      "Cleaning up orphan processes",
    ])
    expect(one.log).toContain("##[group]Run octo/greet@v1\nwith:\n  name: you\n##[endgroup]\n")
  })

  it("runs an action of the workspace, and fails a job whose action fails or does not exist", async () => {
    const local = await run([
      {
        run: `mkdir -p own && cat > own/action.yml <<'END'
runs:
  using: composite
  steps:
    - run: echo from the workspace; exit 5
      shell: bash
END`,
      },
      { uses: "./own" },
      { run: "echo not this" },
    ])
    expect([local.result, output(local.stepLogs["Run ./own"] ?? "")]).toEqual(["Failed", ["from the workspace"]])
    const wrong = await run([{ uses: "octo/counter@v1", with: { file: "x", fail: "true" } }])
    expect([wrong.result, wrong.annotations.map(({ message }) => message)]).toEqual(["Failed", ["counted wrong"]])
    expect(results(wrong)).toContain("Post Run octo/counter@v1: Succeeded")
    const missing = await run([{ uses: "octo/nothing@v1" }, { run: "echo not this" }])
    expect([missing.result, missing.log.includes("not this\n")]).toEqual(["Failed", false])
    expect(missing.log).toMatch(/##\[error\].*failed to fetch ".*\/octo\/nothing" version "v1"/)
  })

  it("runs JavaScript actions of every version by the one Node.js that it has", async () => {
    const versions = ["node12", "node16", "node20", "node24"]
    const write = versions.map(
      (version) => `mkdir -p ${version} && echo 'runs: {using: ${version}, main: main.js}' > ${version}/action.yml
echo 'console.log("${version}:", process.version)' > ${version}/main.js`,
    )
    const one = await run([{ run: write.join("\n") }, ...versions.map((version) => ({ uses: `./${version}` }))])
    expect([one.result, ...output(one.log).slice(2, -1)], one.log).toEqual([
      "Succeeded",
      ...versions.map((version) => `${version}: ${process.version}`),
    ])
  })

  it("computes the digest of files as GitHub's runner does", async () => {
    const one = await run([
      { run: "mkdir -p hashed/inner && echo a > hashed/a.lock && echo b > hashed/inner/b.lock" },
      { run: "echo \"${{ hashFiles('hashed/**/*.lock') }}|${{ hashFiles('hashed/none') }}|\"" },
    ])
    const digest = (text: string | Buffer): Buffer => createHash("sha256").update(text).digest()
    const both = digest(Buffer.concat([digest("a\n"), digest("b\n")])).toString("hex")
    expect([one.result, output(one.log).at(-2)], one.log).toEqual(["Succeeded", `${both}||`])
  })

  it("passes on outputs, variables and paths that steps set, by files and by commands", async () => {
    const one = await run(
      [
        {
          id: "set",
          run: `
            echo "one=1" >> "$GITHUB_OUTPUT"
            printf 'lines<<END\\na\\nb\\nEND\\n' >> "$GITHUB_OUTPUT"
            printf 'TEXT<<END\\nc\\nd\\nEND\\n' >> "$GITHUB_ENV"
            mkdir -p tools && printf '#!/bin/sh\\necho a tool\\n' > tools/tool && chmod +x tools/tool
            echo "$PWD/tools" >> "$GITHUB_PATH"`,
        },
        {
          run: 'tool; echo "${{ steps.set.outputs.lines }}"; echo "$TEXT $OWN $SHARED $FROM_MATRIX ${{ env.SHARED }}"',
          env: { OWN: "own" },
        },
        {
          run: 'echo "${{ toJSON(needs) }}" | tr -d " \\n"; echo; echo "${{ needs.before.outputs.version }} ${{ matrix.size }}"',
        },
      ],
      {
        env: { SHARED: "shared", FROM_MATRIX: "${{ matrix.size }}" },
        matrix: { size: 3 },
        needs: { before: { result: "success", outputs: { version: "1.2" } } },
        outputs: { answer: "${{ steps.set.outputs.one }}", SIZE: "size ${{ matrix.size }}", Fixed: "x" },
      },
    )
    expect([one.result, one.results]).toEqual(["Succeeded", { answer: "1", SIZE: "size 3", Fixed: "x" }])
    expect(output(one.log).slice(2, -1)).toEqual([
      "a tool",
      "a",
      "b",
      "c",
      "d own shared 3 shared",
      "{before:{outputs:{version:1.2},result:success}}",
      "1.2 3",
    ])
  })

  it("reads the files of steps as GitHub's runner does: empty lines, and values that begin with one", async () => {
    const one = await run([
      {
        id: "set",
        run: `
          printf '\\nA=a\\n\\n\\nTEXT<<END\\n\\nb\\n\\nEND\\n\\n' >> "$GITHUB_ENV"
          printf '\\nout<<END\\n\\nc\\nEND\\n' >> "$GITHUB_OUTPUT"
          echo "NODE_OPTIONS=--title=not-this" >> "$GITHUB_ENV"`,
      },
      {
        run: `echo "$A|\${TEXT//$'\\n'/+}|$OUT|\${NODE_OPTIONS-none}"`,
        env: { OUT: "${{ toJSON(steps.set.outputs.out) }}" },
      },
    ])
    expect([one.result, output(one.log).at(-2)], one.log).toEqual(["Succeeded", 'a|+b+|"\\nc"|none'])
    expect(one.annotations.map(({ message }) => message)).toEqual(["NODE_OPTIONS cannot be set by $GITHUB_ENV."])
  })

  it("gives the token for GitHub's services to actions, and to scripts only when an action does", async () => {
    const one = await run([
      { run: 'env | grep -c "^ACTIONS_RUNTIME_\\|^ACTIONS_RESULTS_" || true' },
      {
        run: `mkdir -p own && echo "runs: {using: node24, main: main.js}" > own/action.yml
cat > own/main.js <<'END'
const { ACTIONS_RUNTIME_TOKEN: token = "", ACTIONS_RUNTIME_URL: url = "" } = process.env
console.log("action:", token !== "", url.startsWith("http"))
require("fs").appendFileSync(process.env.GITHUB_ENV, \`ACTIONS_RUNTIME_TOKEN=\${token}\\n\`)
END`,
      },
      { uses: "./own" },
      { run: 'echo "script: ${ACTIONS_RUNTIME_TOKEN:+true} ${ACTIONS_RUNTIME_URL:-none}"' },
    ])
    expect([one.result, ...output(one.log).slice(2, -1)], one.log).toEqual([
      "Succeeded",
      "0",
      "action: true true",
      "script: true none",
    ])
  })

  it("refuses the commands by which any text in a log could change what later steps run", async () => {
    const refused = await run([
      { name: "sets", run: 'echo "::set-env name=EVIL::yes"; echo "::add-path::/evil"; echo "goes on"' },
      { name: "after", always: true, run: 'echo "[${EVIL-}]"; case $PATH in */evil*) echo changed;; esac' },
    ])
    expect([refused.result, ...results(refused)]).toEqual([
      "Failed",
      "Set up job: Succeeded",
      "sets: Failed",
      "after: Succeeded",
      "Complete job: Succeeded",
    ])
    expect(output(refused.log).slice(2, -1)).toEqual(["goes on", "[]"])
    expect(refused.log).toMatch(
      /##\[error\]The `set-env` command is disabled[^]*##\[error\]The `add-path` command is disabled/,
    )
    const allowed = await run([{ run: 'echo "::set-env name=FINE::yes"' }, { run: 'echo "[$FINE]"' }], {
      env: { ACTIONS_ALLOW_UNSECURE_COMMANDS: "true" },
    })
    expect([allowed.result, output(allowed.log).at(-2)]).toEqual(["Succeeded", "[yes]"])
  })

  it("hides secrets, in whatever form, and lets none out as an output", async () => {
    const one = await run(
      [
        { id: "leak", run: 'echo "a ${{ secrets.PASS }} b"; echo "key=${{ secrets.PASS }}" >> "$GITHUB_OUTPUT"' },
        { run: "echo ${{ secrets.PASS }} | base64; echo second line of it; echo -n 'x:pass-w0rd' | base64" },
        {
          // The script itself is shown, so it does not contain what it hides.
          run: 'V=found-$((6 * 7)); echo "::add-mask::$V"; echo $V; echo "::error::not $V"; echo "::debug::un$((1))seen"',
        },
        {
          name: "show ${{ secrets.PASS }}",
          run: 'cat <<< "$TOKEN" | tr a-z A-Z; echo $TOKEN',
          env: { TOKEN: "${{ github.token }}" },
        },
      ],
      {
        namedSecrets: { PASS: "pass-w0rd", KEY: "first line of it\nsecond line of it\n" },
        outputs: { leaked: "${{ steps.leak.outputs.key }}", fine: "fine" },
      },
    )
    expect([one.result, one.results]).toEqual(["Succeeded", { fine: "fine" }])
    for (const secret of ["pass-w0rd", "cGFzcy13MHJk", "second line of it", "found-42", "un1seen"])
      expect(JSON.stringify({ ...one, steps: [], namedSecrets: {} })).not.toContain(secret)
    expect(output(one.stepLogs["show ***"] ?? "").at(-1)).toBe("***")
    expect(one.annotations.map(({ message }) => message)).toEqual(["not ***"])
  })

  it("follows conditions, also after failures", async () => {
    const one = await run([
      { name: "skipped by its condition", if: "${{ github.ref == 'refs/heads/other' }}", run: "echo not this" },
      { id: "try", name: "tolerated", run: "exit 4", continueOnError: true },
      { name: "goes on", run: "echo ${{ steps.try.outcome }} ${{ steps.try.conclusion }} ${{ job.status }}" },
      { name: "tolerated by an expression", run: "exit 4", continueOnError: "${{ 1 == 1 }}" },
      { name: "breaks", run: "false; echo not this" },
      { name: "skipped after it", run: "echo not this" },
      { name: "on failure", if: "failure()", run: "echo saw the failure of a ${{ job.status }}" },
      { name: "always", always: true, run: "echo cleaned" },
    ])
    expect(one.result).toBe("Failed")
    expect(results(one)).toEqual([
      "Set up job: Succeeded",
      "skipped by its condition: Skipped",
      "tolerated: Succeeded",
      "goes on: Succeeded",
      "tolerated by an expression: Succeeded",
      "breaks: Failed",
      "skipped after it: Skipped",
      "on failure: Succeeded",
      "always: Succeeded",
      "Complete job: Succeeded",
    ])
    expect(output(one.log).slice(2, -1)).toEqual(["failure success success", "saw the failure of a failure", "cleaned"])
  })

  it("has shells and folders, by defaults and by steps", async () => {
    const one = await run(
      [
        { run: "mkdir -p inner", workingDirectory: ".", shell: "bash" },
        { run: "pwd; echo $0" },
        { run: "import os; print(os.getcwd())", shell: "python3 {0}", workingDirectory: "." },
        { run: "false | true; echo not this", shell: "bash" },
      ],
      { defaults: { shell: "sh", workingDirectory: "inner" } },
    )
    const workspace = join(home.path, "_jobs/example/example")
    const [folder, shell, python] = output(one.log).slice(2)
    expect([one.result, folder, python]).toEqual(["Failed", join(workspace, "inner"), workspace])
    expect(shell).toMatch(/\/_temp\/.*\.sh$/)
    expect(one.log).not.toContain("not this\n##[error]Process completed with exit code 0")
  })

  it("works in the folders of GitHub's runner, of which the workspace stays and the temporary one does not", async () => {
    const one = await run([
      {
        run: 'echo kept > kept; echo gone > "$RUNNER_TEMP/gone"; mkdir -p "$RUNNER_TEMP/ro/x"; chmod 0500 "$RUNNER_TEMP/ro"',
      },
      {
        run: 'for name in GITHUB_WORKSPACE RUNNER_WORKSPACE RUNNER_TEMP RUNNER_TOOL_CACHE; do echo "$name=${!name}"; done',
      },
      {
        run: "echo $CI $GITHUB_ACTIONS $GITHUB_REPOSITORY $GITHUB_JOB $RUNNER_NAME $RUNNER_OS $RUNNER_ARCH $RUNNER_ENVIRONMENT ${{ runner.name }}",
      },
      {
        run: 'test -f "$GITHUB_EVENT_PATH" && grep -c full_name "$GITHUB_EVENT_PATH"; echo "[$ACT$ImageOS${ACT_RUNNER_SECONDS-}${GITHUB_ACTION_PATH-none}]"',
      },
      { run: 'env | grep -o "^GITHUB_[A-Z_]*" | sort | xargs' },
    ])
    expect(output(one.log).slice(2, -1)).toEqual([
      `GITHUB_WORKSPACE=${join(home.path, "_jobs/example/example")}`,
      `RUNNER_WORKSPACE=${join(home.path, "_jobs/example")}`,
      `RUNNER_TEMP=${join(home.path, "_jobs/_temp")}`,
      `RUNNER_TOOL_CACHE=${join(home.path, "_jobs/_tool")}`,
      `true true octo/example build one Linux ${process.arch.toUpperCase()} self-hosted one`,
      "1",
      "[none]",
      expect.any(String),
    ])
    expect(output(one.log).at(-2)?.split(" ")).toMatchInlineSnapshot(`
      [
        "GITHUB_ACTION",
        "GITHUB_ACTIONS",
        "GITHUB_ACTOR",
        "GITHUB_ACTOR_ID",
        "GITHUB_API_URL",
        "GITHUB_BASE_REF",
        "GITHUB_ENV",
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_GRAPHQL_URL",
        "GITHUB_HEAD_REF",
        "GITHUB_JOB",
        "GITHUB_OUTPUT",
        "GITHUB_PATH",
        "GITHUB_REF",
        "GITHUB_REF_NAME",
        "GITHUB_REF_PROTECTED",
        "GITHUB_REF_TYPE",
        "GITHUB_REPOSITORY",
        "GITHUB_REPOSITORY_ID",
        "GITHUB_REPOSITORY_OWNER",
        "GITHUB_REPOSITORY_OWNER_ID",
        "GITHUB_RETENTION_DAYS",
        "GITHUB_RUN_ATTEMPT",
        "GITHUB_RUN_ID",
        "GITHUB_RUN_NUMBER",
        "GITHUB_SERVER_URL",
        "GITHUB_SHA",
        "GITHUB_STATE",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_TRIGGERING_ACTOR",
        "GITHUB_WORKFLOW",
        "GITHUB_WORKFLOW_REF",
        "GITHUB_WORKFLOW_SHA",
        "GITHUB_WORKSPACE",
      ]
    `)
    const two = await run([{ run: 'cat kept; ls "$RUNNER_TEMP"' }])
    expect(output(two.log).slice(2, -1)).toEqual(["kept", "_act", "_downloads"])
    // Emptied when the server has been told of the job's end.
    await vi.waitFor(async () => expect(await readdir(join(home.path, "_jobs/_temp"))).toEqual([]), { timeout: 10_000 })
  })

  it("tells annotations, and the texts for the summary where the server has such a service", async () => {
    const one = await run([
      {
        name: "check",
        run: `
          echo "::warning file=a.js,line=3,title=Careful::look here"
          echo "::notice::by the way"
          echo "##[error]the other form"
          echo "::stop-commands::token"
          echo "::error::is only text"
          echo "::token::"
          for n in $(seq 12); do echo "::notice::number $n"; done
          echo "# Done" >> "$GITHUB_STEP_SUMMARY"`,
      },
    ])
    expect(one.result).toBe("Succeeded")
    expect(one.annotations.map(({ message }) => message)).toEqual([
      "look here",
      "by the way",
      "the other form",
      ...Array.from({ length: 9 }, (_, index) => `number ${index + 1}`),
    ])
    expect(one.log).toContain("\n::error::is only text\n")
    expect(one.summaries).toEqual(useV2Flow ? { check: "# Done\n" } : {})
  })

  it("does not wait for what a step left behind, and ends it after the job", async () => {
    const start = performance.now()
    const one = await run([
      { run: "sleep 300 & echo $!; printf 'no end of line'" },
      { run: "pgrep -x sleep -s 0 > /dev/null && echo still there || echo still there" },
    ])
    expect(performance.now() - start).toBeLessThan(15_000)
    const [, , pid = "", last] = output(one.log)
    expect([one.result, last]).toEqual(["Succeeded", "no end of line"])
    expect(one.log).toContain(`Terminate orphan process: pid (${pid}) (sleep)`)
    expect(lives(Number(pid))).toBe(false)
  })

  it("sends a log that is longer than a part of it", async () => {
    const one = await run([{ name: "talks", run: "seq -f 'line %06.0f of a long log, which is sent in parts' 60000" }])
    const lines = output(one.stepLogs.talks ?? "")
    expect([one.result, lines.length, lines[0], lines.at(-1)]).toEqual([
      "Succeeded",
      60_000,
      "line 000001 of a long log, which is sent in parts",
      "line 060000 of a long log, which is sent in parts",
    ])
    expect(output(one.log).length).toBe(60_003)
  })

  it("tells that it is at work", async () => {
    const one = await run([{ run: "sleep 1.5" }])
    expect(one.renewals).toBeGreaterThan(2)
  })

  it("has programs by the names of GitHub's, of which the worker does not know the runner's credentials", async () => {
    const one = await run([
      { run: "ps -s $(ps -o sid= -p $$) -o comm=,args= | grep -E '^Runner[.]' | sort" },
      {
        run: "cat /proc/$PPID/environ /proc/$PPID/cmdline | tr '\\0' '\\n' | grep -ciE 'rsa|assertion|clientid' || true",
      },
    ])
    expect(output(one.log).slice(2, -1)).toEqual([
      `Runner.Listener ${join(home.path, "bin/Runner.Listener")} run`,
      `Runner.Worker   ${join(home.path, "bin/Runner.Worker")} spawnclient`,
      "0",
    ])
  })

  it("is cancelled by the server: the step ends, and only steps for that are run", async () => {
    const one = enqueue([
      { name: "long", run: "trap 'echo asked; exit 9' INT; echo begun; sleep 60 & wait; echo not this" },
      { name: "not run", run: "echo not this" },
      { name: "cleans up", if: "cancelled()", run: "echo cleaned ${{ job.status }}" },
    ])
    while (!one.log.includes("begun\n")) await github.jobs.change(100)
    github.jobs.cancel(one)
    await done(one)
    expect(one.result).toBe("Canceled")
    expect(results(one)).toEqual([
      "Set up job: Succeeded",
      "long: Canceled",
      "not run: Skipped",
      "cleans up: Succeeded",
      "Complete job: Succeeded",
    ])
    expect(output(one.log).slice(2, 5)).toEqual(["begun", "asked", "cleaned cancelled"])
    await runner.says("Job build completed with result: Canceled")
  })

  it("cleans up after the actions of a job that is cancelled", async () => {
    const one = enqueue([
      { name: "Count", uses: "octo/counter@v1", with: { file: "x" } },
      { name: "long", run: "echo begun; sleep 60" },
    ])
    while (!one.log.includes("begun\n")) await github.jobs.change(100)
    github.jobs.cancel(one)
    await done(one)
    expect([one.result, ...results(one)]).toEqual([
      "Canceled",
      "Set up job: Succeeded",
      "Pre Count: Succeeded",
      "Count: Succeeded",
      "long: Canceled",
      "Post Count: Succeeded",
      "Complete job: Succeeded",
    ])
    expect(output(one.log)).toContain("cleaned up after x")
  })

  it("ends a cancelled step that does not listen", async () => {
    const one = enqueue([{ name: "deaf", run: "trap '' INT TERM; echo begun; while :; do sleep 1; done" }])
    while (!one.log.includes("begun\n")) await github.jobs.change(100)
    github.jobs.cancel(one)
    const start = performance.now()
    await done(one)
    expect([one.result, results(one)[1]]).toEqual(["Canceled", "deaf: Canceled"])
    expect(performance.now() - start).toBeGreaterThan(1000)
  })

  it("fails a job whose worker is killed", async () => {
    const one = enqueue([{ run: "echo begun; kill -9 $PPID; sleep 60" }])
    await done(one)
    expect(one.result).toBe("Failed")
    await runner.says("Job build completed with result: Failed")
    // The next one is as usual.
    expect((await run([{ run: "true" }])).result).toBe("Succeeded")
  })

  it("keeps logs of its own, without secrets", async () => {
    await sleep(100)
    const text = await home.diagnostics()
    expect(text).toMatch(/INFO Terminal\] WRITE LINE: .*Job first completed with result: Succeeded/)
    expect(text).toMatch(/INFO Worker\] job result: Canceled/)
    for (const { token } of github.tokens.list()) expect(text).not.toContain(token)
    expect(text).not.toMatch(/eyJ[\w-]+\./)
  })

  it("ends when it is told to", async () => {
    runner.signal("SIGTERM")
    const { exitCode, stdout, stderr } = await runner.ended
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(timeless(stdout).split("\n").slice(0, 5)).toEqual([
      "github-act-runner 0.13.0-act, an unofficial runner.",
      "",
      "√ Connected to GitHub",
      "",
      "Current runner version: '0.13.0-act'",
    ])
    expect(stdout.endsWith("\nExiting...")).toBe(true)
    expect(github.runners.list().map((one) => github.runners.isOnline(one))).toEqual([false])
  })
})
