import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { contains, equals, fails, judge, schedule, type ExecCheck } from "../../../../dagger/src/core/checks/check.js"
import { readExecutions, smokeProgram } from "../../../../dagger/src/core/checks/program.js"
import type { CheckResult } from "../../../../dagger/src/core/report/report.js"

type Case = Omit<ExecCheck, "name" | "proves">

/** Runs one check after the other as they would run in a container, and judges them. */
function run(cases: readonly Case[], emulated = false): Omit<CheckResult, "proves" | "name">[] {
  const checks = cases.map((check, index) => schedule({ name: String(index), proves: "", ...check }, emulated))
  const executions = readExecutions(execFileSync("bash", ["-c", smokeProgram(checks)], { encoding: "utf8" }))
  return checks.map((check, index) => {
    const { name: _, proves: __, ...result } = judge(check, executions.get(index))
    return result
  })
}

const passed = { status: "passed" } as const

describe("the smoke program", () => {
  it.each<[string, Case, Omit<CheckResult, "proves" | "name">]>([
    [
      "keeps quotes, and puts output and errors together",
      { command: 'echo "it\'s quoted"; echo second >&2', expect: equals("it's quoted\nsecond") },
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
      "ends what takes too long",
      { command: "echo started; sleep 60", expect: equals("started"), seconds: 1 },
      {
        status: "failed",
        expected: "started",
        actual: "started",
        reason: "exit code 124, stopped after at most 1 seconds",
      },
    ],
    [
      "does not wait for what a check leaves behind",
      { command: "sleep 30 & echo done", expect: equals("done") },
      passed,
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

  it("runs every check by itself: what one sets or breaks, the next does not see", () => {
    const results = run([
      { command: "cd /; A=1; exit 1", expect: equals("") },
      { command: 'echo "$A"; exit 0', expect: equals("") },
      { command: "unclosed '", expect: equals("") },
      { command: "echo last", expect: equals("last") },
    ])
    expect(results.map(({ status }) => status)).toEqual(["failed", "passed", "failed", "passed"])
  })

  it("skips what the platform cannot do, and does not run it", () => {
    const check = { command: "exit 1", expect: equals("x"), skip: "no race detector" }
    expect(run([check])).toEqual([{ status: "skipped", reason: "no race detector" }])
    expect(smokeProgram([schedule({ name: "a", proves: "", ...check }, false)])).not.toContain("exit 1")
  })
})

describe("under emulation", () => {
  const check: Case = { command: 'echo "$FLAGS"', expect: equals("few"), environment: { FLAGS: "many" } }

  it("a check has variables of its own", () => {
    const emulation = { environment: { FLAGS: "few" } }
    expect(run([{ ...check, emulation }], true)).toEqual([passed])
    expect(run([{ ...check, emulation }], false)).toMatchObject([{ status: "failed", actual: "many" }])
  })

  it("a check has more time", () => {
    const slow = { command: "sleep 2", expect: equals(""), seconds: 1, emulation: { seconds: 60 } }
    expect(run([slow], true)).toEqual([passed])
    expect(run([slow], false)).toMatchObject([{ status: "failed" }])
    const plain = { name: "a", proves: "", command: "true", expect: equals("") }
    expect([true, false].map((emulated) => schedule(plain, emulated).seconds)).toEqual([600, 120])
  })

  it("a check that cannot be done is skipped with its reason, and is run elsewhere", () => {
    const emulation = { skip: "the emulator has no such thing" }
    expect(run([{ ...check, emulation }], true)).toEqual([{ status: "skipped", reason: emulation.skip }])
    expect(run([{ ...check, emulation }], false)).toMatchObject([{ status: "failed", actual: "many" }])
  })
})

it("fails a check that did not run", () => {
  expect(
    judge(schedule({ name: "a", proves: "", command: "true", expect: equals("") }, false), undefined),
  ).toMatchObject({
    status: "failed",
    reason: "the check did not run",
  })
})
