import type { VariantPlan } from "../plan/plan.js"
import type { PlatformName } from "../platforms.js"
import type { CheckResult, LockedPackage, Tool } from "../report/report.js"

/** What a check expects of its output. */
export type Expectation =
  | { kind: "equals"; value: string }
  | { kind: "contains"; value: string }
  | { kind: "matches"; pattern: RegExp }
  | { kind: "fails" }

export const equals = (value: string): Expectation => ({ kind: "equals", value })
export const contains = (value: string): Expectation => ({ kind: "contains", value })
export const matches = (pattern: RegExp): Expectation => ({ kind: "matches", pattern })
export const fails = (): Expectation => ({ kind: "fails" })

/** How a check runs. */
interface Conditions {
  /** The time limit; defaults to {@link CHECK_SECONDS}, or {@link EMULATED_CHECK_SECONDS} under emulation. */
  seconds?: number
  /** Variables in addition to the image's own. */
  environment?: Readonly<Record<string, string>>
}

/** A check that runs in the container, as the image's own user, with the image's own environment. */
export interface ExecCheck extends Conditions {
  name: string
  proves: string
  /** Shell text; its standard output and error together are compared with the expectation. */
  command: string
  expect: Expectation
  /** Its output goes into the report even if it is as expected. */
  informs?: boolean
  /** Why it cannot run on this platform, on any machine. */
  skip?: string
  /** What is different under emulation: why it cannot run there, or under which conditions it can. */
  emulation?: { skip: string } | Conditions
}

/** A check, once it is known whether the platform is emulated. */
export type ScheduledCheck = Omit<ExecCheck, "emulation"> & Required<Conditions>

/** What a check knows about the image before it is built. */
export interface CheckContext {
  platform: PlatformName
  /** Whether the engine has to emulate the platform. */
  emulated: boolean
  plan: VariantPlan
  tools: readonly Pick<Tool, "name" | "version" | "source">[]
  packages: readonly Pick<LockedPackage, "name" | "version">[]
}

/** Where the programs of `dagger/scripts/checks/` are while checks run. They are not part of an image. */
export const HELPERS = "/run/checks"

/** Where a check leaves files for later checks. */
export const RESULTS = "/tmp/checks"

/** The default time limit of a check: much more than it needs even on a busy machine. */
const CHECK_SECONDS = 120
const EMULATED_CHECK_SECONDS = 600

/** Applies the conditions under emulation to a check, if the platform is emulated. */
export function schedule({ emulation, ...check }: ExecCheck, emulated: boolean): ScheduledCheck {
  if (!emulated) return { seconds: CHECK_SECONDS, environment: {}, ...check }
  if (emulation && "skip" in emulation) return { seconds: 0, environment: {}, skip: emulation.skip, ...check }
  const { seconds = EMULATED_CHECK_SECONDS, environment } = emulation ?? {}
  return { ...check, seconds, environment: { ...check.environment, ...environment } }
}

/** The result of one command of the smoke program. */
export interface Execution {
  exitCode: number
  output: string
}

/** Judges a check by the result of its command. A check that cannot run is skipped with its reason, never passed. */
export function judge(check: ScheduledCheck, execution: Execution | undefined): CheckResult {
  const { name, proves, expect, skip } = check
  if (skip !== undefined) return { name, proves, status: "skipped", reason: skip }
  const expected = describe(expect)
  if (!execution) return { name, proves, status: "failed", expected, reason: "the check did not run" }
  const output = execution.output.trim()
  const actual = output.length > 400 ? `${output.slice(0, 400)}…` : output
  const ok = expect.kind === "fails" ? execution.exitCode !== 0 : execution.exitCode === 0 && meets(expect, output)
  if (ok) return { name, proves, status: "passed", ...(check.informs ? { actual } : {}) }
  return { name, proves, status: "failed", expected, actual, reason: ending(check, execution.exitCode) }
}

/** The exit codes of `timeout` when the time is up, and when it had to kill the command. */
const TIMED_OUT = [124, 137]

function ending({ seconds }: ScheduledCheck, exitCode: number): string {
  const code = `exit code ${String(exitCode)}`
  return TIMED_OUT.includes(exitCode) ? `${code}, stopped after at most ${String(seconds)} seconds` : code
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
