import type { VariantPlan } from "../plan/plan.js"
import type { PlatformName } from "../platforms.js"
import type { CheckResult, LockedPackage, Tool } from "../report/report.js"

/** What a check's output must be. */
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
  /** How long it may take; {@link CHECK_SECONDS} when left out, {@link EMULATED_CHECK_SECONDS} under emulation. */
  seconds?: number
  /** Variables beside the image's own. */
  environment?: Readonly<Record<string, string>>
}

/** A check that runs in the container, as the image's own user, with the image's own environment. */
export interface ExecCheck extends Conditions {
  name: string
  proves: string
  /** Shell text; its standard output and error together are what is expected to be something. */
  command: string
  expect: Expectation
  /** What it says goes into the report even when it is as expected. */
  informs?: boolean
  /** Why it cannot be done on this platform, whichever machine it runs on. */
  skip?: string
  /** What is otherwise where the platform's processor is emulated: why it cannot be done there, or how it can. */
  emulation?: { skip: string } | Conditions
}

/** A check, when it is known whether the platform is emulated. */
export type ScheduledCheck = Omit<ExecCheck, "emulation"> & Required<Conditions>

/** What a check knows of the image before it is built. */
export interface CheckContext {
  platform: PlatformName
  /** Whether the engine has to emulate the platform. */
  emulated: boolean
  plan: VariantPlan
  tools: readonly Pick<Tool, "name" | "version" | "source">[]
  packages: readonly Pick<LockedPackage, "name" | "version">[]
}

/** Where the programs of `dagger/scripts/checks/` are while checks run. They are no part of an image. */
export const HELPERS = "/run/checks"

/** Where a check leaves what those after it look at. */
export const RESULTS = "/tmp/checks"

/** How long a check may take that says nothing else: much more than it needs on a machine that has other things to do as well. */
const CHECK_SECONDS = 120
const EMULATED_CHECK_SECONDS = 600

/** Applies to a check what is otherwise under emulation. */
export function schedule({ emulation, ...check }: ExecCheck, emulated: boolean): ScheduledCheck {
  if (!emulated) return { seconds: CHECK_SECONDS, environment: {}, ...check }
  if (emulation && "skip" in emulation) return { seconds: 0, environment: {}, skip: emulation.skip, ...check }
  const { seconds = EMULATED_CHECK_SECONDS, environment } = emulation ?? {}
  return { ...check, seconds, environment: { ...check.environment, ...environment } }
}

/** What one command of the smoke program did. */
export interface Execution {
  exitCode: number
  output: string
}

/** Judges a check by what its command did. One that cannot be done is skipped with its reason, never passed. */
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

/** What `timeout` exits with when the time is up, and when it had to kill. */
const TIMED_OUT = [124, 137]

function ending({ seconds }: ScheduledCheck, exitCode: number): string {
  const code = `exit code ${String(exitCode)}`
  return TIMED_OUT.includes(exitCode) ? `${code}, ended after at most ${String(seconds)} seconds` : code
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
