import { BETWEEN_JOBS } from "./cases/between-jobs.js"
import { ENVIRONMENT } from "./cases/environment.js"
import { FAILURES } from "./cases/failures.js"
import { HEALTH } from "./cases/health.js"
import { JOBS } from "./cases/jobs.js"
import { REGISTRATION } from "./cases/registration.js"
import { SECURITY } from "./cases/security.js"
import { STOPPING } from "./cases/stopping.js"
import { WORKFLOWS } from "./cases/workflows.js"
import type { CaseGroup, LifecycleCase } from "./lifecycle-case.js"

/** All cases, each of them for every platform. */
export const GROUPS: readonly CaseGroup[] = [
  ...[REGISTRATION, JOBS, STOPPING, FAILURES, SECURITY, HEALTH, BETWEEN_JOBS, ENVIRONMENT, WORKFLOWS],
]

export const CASES: readonly LifecycleCase[] = GROUPS.flatMap(({ cases }) => cases)

/** What the gate runs: the ones that show the most in the least time. */
export const GATE_CASES: readonly LifecycleCase[] = CASES.filter(({ gate }) => gate)
