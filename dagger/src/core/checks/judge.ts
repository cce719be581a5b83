import type { CheckResult } from "../report/report.js"
import type { Expectation, ScheduledCheck } from "./check.js"

/** What became of the command of one check. */
export interface Execution {
  exitCode: number
  /** Standard output and error. */
  output: string
  seconds: number
  /** The limit that held for it on this machine, in seconds. */
  limit: number
}

/** The last execution of each check that ran, by its name; and the first, if it was tried twice. */
export interface Executions {
  last: ReadonlyMap<string, Execution>
  first?: ReadonlyMap<string, Execution> | undefined
}

/** The exit codes of `timeout` when the time is up, and when it had to kill the command. */
const TIMED_OUT = [124, 137]

/** The clock that the smoke program reads counts hundredths of a second. */
const CLOCK_SECONDS = 0.02

/**
 * Whether a check was stopped because its time was up. A command that exits with such a code by itself, or was killed because there was no
 * memory left, has not reached its limit.
 */
export function timedOut({ exitCode, seconds, limit }: Execution): boolean {
  return TIMED_OUT.includes(exitCode) && seconds >= limit - CLOCK_SECONDS
}

/**
 * The checks that have no answer yet: their time was up, or that of the check whose results they read; or nothing is known of them, because
 * the program that runs all checks could not write down what became of them.
 */
export function unanswered(
  checks: readonly ScheduledCheck[],
  executions: ReadonlyMap<string, Execution>,
): ScheduledCheck[] {
  const names = new Set<string>()
  for (const { name, after, skip } of checks) {
    const execution = executions.get(name)
    const waits = after !== undefined && names.has(after)
    // It does not run if the check whose results it reads failed.
    const missing = !execution && (after === undefined || executions.get(after)?.exitCode === 0)
    if (skip === undefined && (waits || missing || (execution && timedOut(execution)))) names.add(name)
  }
  return checks.filter(({ name }) => names.has(name))
}

/**
 * Judges checks by what became of their commands, in the given order; a check comes after the one whose results it reads.
 *
 * - What cannot run is skipped with its reason, never passed.
 * - What had no answer in time is inconclusive: a slow machine says nothing about an image.
 * - What reads the results of a check that did not end well shares that one's fate, so that one problem is reported once.
 */
export function judge(checks: readonly ScheduledCheck[], executions: Executions): CheckResult[] {
  const results = new Map<string, CheckResult>()
  for (const check of checks) {
    const source = check.after === undefined ? undefined : results.get(check.after)
    const { name, proves } = check
    results.set(name, { name, proves, ...verdict(check, executions, source) })
  }
  return [...results.values()]
}

type Verdict = Omit<CheckResult, "name" | "proves">

function verdict(check: ScheduledCheck, { last, first }: Executions, source: CheckResult | undefined): Verdict {
  if (check.skip !== undefined) return { status: "skipped", reason: check.skip }
  const execution = last.get(check.name)
  if (execution) {
    const earlier = first?.get(check.name)
    const again = earlier && earlier !== execution ? { attempts: 2 as const } : {}
    return { ...answer(check, execution, earlier), seconds: execution.seconds, ...again }
  }
  if (source && source.status !== "passed") {
    const status = source.status === "inconclusive" ? "inconclusive" : "skipped"
    return {
      status,
      reason: `because ${source.name} ${source.status === "failed" ? "failed" : `was ${source.status}`}`,
    }
  }
  return { status: "failed", expected: describe(check.expect), reason: "the check did not run" }
}

function answer({ expect, informs }: ScheduledCheck, execution: Execution, earlier: Execution | undefined): Verdict {
  const output = execution.output.trim()
  const actual = output.length > 400 ? `${output.slice(0, 400)}…` : output
  const expected = describe(expect)
  if (timedOut(execution))
    return {
      status: "inconclusive",
      expected,
      ...(actual === "" ? {} : { actual }),
      reason: noAnswer(execution, earlier),
    }
  const { exitCode } = execution
  const ok = expect.kind === "fails" ? exitCode !== 0 : exitCode === 0 && meets(expect, output)
  if (ok) return { status: "passed", ...(informs ? { actual } : {}) }
  return { status: "failed", expected, actual, reason: `exit code ${String(exitCode)}` }
}

function noAnswer(execution: Execution, earlier: Execution | undefined): string {
  const within = ({ limit }: Execution) =>
    `${String(Math.ceil(limit))} ${Math.ceil(limit) === 1 ? "second" : "seconds"}`
  const last = within(execution)
  return earlier
    ? `no answer within ${within(earlier)}, nor within ${last} when no other check ran`
    : `no answer within ${last}`
}

function meets(expect: Exclude<Expectation, { kind: "fails" }>, output: string): boolean {
  switch (expect.kind) {
    case "equals":
      return output === expect.value
    case "contains":
      return output.includes(expect.value)
    case "matches":
      return expect.pattern.test(output)
  }
}

function describe(expect: Expectation): string {
  switch (expect.kind) {
    case "equals":
      return expect.value === "" ? "nothing" : expect.value
    case "contains":
      return `… ${expect.value} …`
    case "matches":
      return String(expect.pattern)
    case "fails":
      return "a failure"
  }
}
