import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { contains, equals, fails, schedule, type ExecCheck } from "../../../../dagger/src/core/checks/check.js"
import { judge, unanswered } from "../../../../dagger/src/core/checks/judge.js"
import { readExecutions, smokeProgram } from "../../../../dagger/src/core/checks/program.js"
import type { CheckResult } from "../../../../dagger/src/core/report/report.js"

type Case = Omit<ExecCheck, "name" | "proves"> & { name?: string }

const scheduled = (cases: readonly Case[], emulated = false) =>
  cases.map((check, index) => schedule({ name: String(index), proves: "", ...check }, emulated))

/** In a container the program's files go with it. */
const TEMPORARY = mkdtempSync(join(tmpdir(), "runner-images-program-"))
afterAll(() => {
  rmSync(TEMPORARY, { recursive: true, force: true })
})
const temporary = (name: string) => mkdtempSync(join(TEMPORARY, name))

const printed = (checks: ReturnType<typeof scheduled>, alone = false) =>
  readExecutions(
    checks,
    execFileSync("bash", ["-c", smokeProgram(checks, alone)], {
      encoding: "utf8",
      env: { ...process.env, TMPDIR: TEMPORARY },
    }),
  )

/** Runs checks as they run in a container, and judges them. */
function run(cases: readonly Case[], emulated = false): Omit<CheckResult, "proves" | "name" | "seconds">[] {
  const checks = scheduled(cases, emulated)
  return judge(checks, { last: printed(checks) }).map(({ name: _, proves: __, seconds: ___, ...result }) => result)
}

const passed = { status: "passed" } as const

describe("the smoke program", () => {
  it.each<[string, Case, Omit<CheckResult, "proves" | "name">]>([
    [
      "keeps quotes, lines and backslashes, and puts output and errors together",
      {
        command: `echo "it's \\"quoted\\""; printf "%s\\n" 'a\\b' >&2; printf '\\n  last'`,
        expect: equals(`it's "quoted"\na\\b\n\n  last`),
      },
      passed,
    ],
    [
      "fails a check whose command fails, whatever it said",
      { command: "echo before; exit 3", expect: equals("before") },
      { status: "failed", expected: "before", actual: "before", reason: "exit code 3" },
    ],
    ["passes a failure that is expected", { command: "false", expect: fails() }, passed],
    [
      "fails a failure that does not come",
      { command: "echo fine", expect: fails() },
      { status: "failed", expected: "a failure", actual: "fine", reason: "exit code 0" },
    ],
    [
      "gives no input to wait for or to eat the script",
      { command: "cat; echo after", expect: equals("after") },
      passed,
    ],
    [
      "is not misled by output that looks like its own",
      { command: "echo check 0 1 1 1; echo output 0 text", expect: equals("check 0 1 1 1\noutput 0 text") },
      passed,
    ],
    [
      "ends what hangs, even if it ignores being told",
      { command: "trap '' TERM; echo started; while :; do sleep 1; done", expect: fails(), seconds: 0.05 },
      {
        status: "inconclusive",
        expected: "a failure",
        actual: "started",
        reason: expect.stringMatching(/^no answer within \d+ seconds?$/) as string,
      },
    ],
    [
      "takes a command that was killed, or that exits as if its time were up, for a failure",
      { command: "kill -KILL $$", expect: equals("") },
      { status: "failed", expected: "nothing", actual: "", reason: "exit code 137" },
    ],
    [
      "the same for the other code",
      { command: "exit 124", expect: equals("") },
      { status: "failed", expected: "nothing", actual: "", reason: "exit code 124" },
    ],
    [
      "sets variables, whatever is in them",
      { command: 'echo "$A $B"', expect: equals("it's two  words"), environment: { A: "it's two ", B: "words" } },
      passed,
    ],
    [
      "puts what a check says into the report on request",
      { command: "echo told", expect: contains("old"), informs: true },
      { status: "passed", actual: "told" },
    ],
  ])("%s", (_, check, result) => {
    expect(run([check])).toEqual([result])
  })

  it("does not wait for what a check leaves behind with its output open, and ends it", () => {
    const [left] = [...printed(scheduled([{ command: "sleep 600 & echo $!", expect: contains("") }])).values()]
    expect(left?.seconds).toBeLessThan(60)
    const state = execFileSync("sh", ["-c", `ps -o stat= -p ${String(Number(left?.output))} || echo gone`], {
      encoding: "utf8",
    })
    expect(state.trim()).toMatch(/^(gone|Z.*)$/)
  })

  it("runs every check by itself: what one sets or breaks, the next does not see", () => {
    const results = run([
      { command: "cd /; A=1; exit 1", expect: equals("") },
      { command: 'echo "$A"; exit 0', expect: equals("") },
      { command: "unclosed '", expect: equals("") },
      { command: "echo last", expect: equals("last") },
    ])
    expect(results.map(({ status }) => status)).toEqual(["failed", "passed", "failed", "passed"])
  })

  it("runs as many checks side by side as there are processors, but by themselves those that must be alone", () => {
    const folder = temporary("counts-")
    // Each counts those that run when it starts and when it ends.
    const count = `cd ${folder} && mkdir $$ && ls | wc -l && sleep 0.5 && ls | wc -l && rmdir $$`
    const most = (checks: ReturnType<typeof scheduled>, alone = false) =>
      [...printed(checks, alone).values()].map(({ output }) => Math.max(...output.trim().split("\n").map(Number)))
    const processors = Number(execFileSync("nproc", { encoding: "utf8" }))
    const check = { command: count, expect: contains("") }
    const checks = scheduled([{ ...check, alone: "counts" }, ...Array.from({ length: 2 * processors }, () => check)])
    // By their numbers: what runs alone runs last.
    const [apart, ...others] = most(checks)
    expect(apart).toBe(1)
    expect(Math.max(...others)).toBe(processors)
    expect(new Set(most(checks, true))).toEqual(new Set([1]))
  })

  it("tells checks how slow the machine is, and gives them that much more time", () => {
    const checks = scheduled([{ command: "echo $CHECKS_SLOWNESS", expect: contains("."), seconds: 100 }])
    const [execution] = [...printed(checks).values()]
    const slowness = Number(execution?.output)
    expect(slowness).toBeGreaterThanOrEqual(1)
    expect(execution?.limit).toBeCloseTo(100 * slowness, 5)
  })

  it("skips what the platform cannot do, and does not run it", () => {
    const check = { command: "exit 1", expect: equals("x"), skip: "no race detector" }
    expect(run([check])).toEqual([{ status: "skipped", reason: "no race detector" }])
    expect(smokeProgram(scheduled([check]))).not.toContain("exit 1")
  })
})

describe("a check that reads another's results", () => {
  const folder = temporary("session-")
  const reader: Case = { name: "reader", command: `cat ${folder}/result`, expect: equals("done"), after: "session" }
  const session = (command: string, seconds = 20): Case => ({ name: "session", command, expect: equals(""), seconds })
  const write = `sleep 0.3; echo done > ${folder}/result`

  it("waits for it", () => {
    expect(run([session(write), reader])).toEqual([passed, passed])
  })

  it("has no failure of its own if that one fails", () => {
    expect(run([session("exit 1"), reader]).at(-1)).toEqual({ status: "skipped", reason: "because session failed" })
  })

  it("is run all the same if that one only said something unexpected", () => {
    expect(run([session(`${write}; echo odd`), reader])).toMatchObject([{ status: "failed" }, passed])
  })

  it("has no answer either if that one has none", () => {
    expect(run([session("sleep 600", 0.05), reader]).at(-1)).toEqual({
      status: "inconclusive",
      reason: "because session was inconclusive",
    })
  })
})

describe("a check without an answer in time", () => {
  const folder = temporary("attempts-")
  const checks = scheduled([
    { name: "fine", command: "true", expect: equals("") },
    // Hangs at the first attempt only.
    {
      name: "slow",
      command: `mkdir ${folder}/seen 2>/dev/null || exit 0; sleep 600`,
      expect: equals(""),
      seconds: 0.05,
    },
    { name: "reader", command: "echo read", expect: equals("read"), after: "slow" },
    { name: "hangs", command: "sleep 600", expect: equals(""), seconds: 0.05 },
    { name: "wrong", command: "echo odd", expect: equals("") },
  ])
  const first = printed(checks)
  const open = unanswered(checks, first)

  it("is tried once more, with those that read its results, and no other", () => {
    expect(open.map(({ name }) => name)).toEqual(["slow", "reader", "hangs"])
  })

  it("has the answer of the second attempt, and else is inconclusive", () => {
    const last = new Map([...first, ...printed(open, true)])
    const results = judge(checks, { last, first })
    expect(results.map(({ name, status, attempts }) => [name, status, attempts])).toEqual([
      ["fine", "passed", undefined],
      ["slow", "passed", 2],
      ["reader", "passed", undefined],
      ["hangs", "inconclusive", 2],
      ["wrong", "failed", undefined],
    ])
    expect(results.find(({ name }) => name === "hangs")?.reason).toMatch(
      /^no answer within \d+ seconds?, nor within \d+ seconds? when no other check ran$/,
    )
  })
})

describe("a check of which nothing is known", () => {
  const checks = scheduled([
    { name: "known", command: "true", expect: equals("") },
    { name: "lost", command: "true", expect: equals("") },
    { name: "reader of the lost", command: "true", expect: equals(""), after: "lost" },
    { name: "wrong", command: "false", expect: equals("") },
    { name: "reader of the wrong", command: "true", expect: equals(""), after: "wrong" },
  ])
  const all = printed(checks)
  const first = new Map([...all].filter(([name]) => !name.includes("lost")))

  it("is tried once more, with those that read its results; what rightly did not run is not", () => {
    expect(unanswered(checks, all)).toEqual([])
    expect(unanswered(checks, first).map(({ name }) => name)).toEqual(["lost", "reader of the lost"])
  })

  it("fails if it does not run the second time either", () => {
    const results = judge(checks, { last: first, first })
    expect(results.find(({ name }) => name === "lost")).toMatchObject({
      status: "failed",
      reason: "the check did not run",
    })
  })
})

describe("under emulation", () => {
  const check: Case = { command: 'echo "$FLAGS"', expect: equals("few"), environment: { FLAGS: "many" } }

  it("a check has variables of its own", () => {
    const emulation = { environment: { FLAGS: "few" } }
    expect(run([{ ...check, emulation }], true)).toEqual([passed])
    expect(run([{ ...check, emulation }], false)).toMatchObject([{ status: "failed", actual: "many" }])
  })

  it("a check may have more time", () => {
    const slow = { name: "a", proves: "", command: "true", expect: equals(""), seconds: 1, emulation: { seconds: 60 } }
    expect([true, false].map((emulated) => schedule(slow, emulated).seconds)).toEqual([60, 1])
  })

  it("a check that cannot be done is skipped with its reason, and is run elsewhere", () => {
    const emulation = { skip: "the emulator has no such thing" }
    expect(run([{ ...check, emulation }], true)).toEqual([{ status: "skipped", reason: emulation.skip }])
    expect(run([{ ...check, emulation }], false)).toMatchObject([{ status: "failed", actual: "many" }])
  })
})

it("fails a check that did not run", () => {
  expect(judge(scheduled([{ command: "true", expect: equals("") }]), { last: new Map() })).toMatchObject([
    { status: "failed", reason: "the check did not run" },
  ])
})
