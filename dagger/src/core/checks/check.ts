import type { VariantPlan } from "../plan/plan.js"
import type { PlatformName } from "../platforms.js"
import type { LockedPackage, Tool } from "../report/report.js"

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
  /**
   * The time limit on a machine of the reference's speed; defaults to {@link CHECK_SECONDS}. What holds is this times the machine's slowness,
   * which the smoke program measures where the checks run: see `program.ts`.
   */
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
  /** What is different under emulation: why it cannot run there, or how it runs instead. */
  emulation?: { skip: string } | (Conditions & Partial<Pick<ExecCheck, "command" | "expect">>)
  /** The check that left what this one reads, by name. It has no result of its own if that one did not end well. */
  after?: string
  /** Why no other check may run at the same time. All others do, as many as there are processors. */
  alone?: string
  /** It compiles Go. If it is emulated, the standard library is compiled natively beforehand: see `go-build-cache.ts`. */
  compilesGo?: true
  /** Its answer depends on the file that tells the runtime program about its image, which differs between variants. */
  readsFacts?: true
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

/** Starts in a new folder. */
export const SCRATCH = 'cd "$(mktemp -d)"'

/** Where a check leaves files for later checks. */
export const RESULTS = "/tmp/checks"

/** The default time limit of a check: many times what it needs on an idle machine, since others may need it as well. */
const CHECK_SECONDS = 20

/** Applies the conditions under emulation to a check, if the platform is emulated. */
export function schedule({ emulation, ...check }: ExecCheck, emulated: boolean): ScheduledCheck {
  const scheduled = { seconds: CHECK_SECONDS, environment: {}, ...check }
  if (!emulated || !emulation) return scheduled
  if ("skip" in emulation) return { ...scheduled, skip: emulation.skip }
  return { ...scheduled, ...emulation, environment: { ...check.environment, ...emulation.environment } }
}
