import type { CheckGroup } from "../variants/definitions.js"
import { browserChecks } from "./browser.js"
import { schedule, type CheckContext, type ExecCheck, type ScheduledCheck } from "./check.js"
import { goChecks } from "./go.js"
import { customChecks } from "./custom.js"
import { standardChecks } from "./standard.js"
import { versionChecks } from "./versions.js"
import { workflowChecks } from "./workflows.js"

const GROUPS: Readonly<Record<CheckGroup, (context: CheckContext) => ExecCheck[]>> = {
  standard: (context) => [...standardChecks(context), ...workflowChecks(context)],
  browser: browserChecks,
  go: goChecks,
}

/** The checks that run in the container: all versions, the variant's groups, then those of its definition file. */
export function execChecks(context: CheckContext): ScheduledCheck[] {
  const groups = context.plan.checks.flatMap((group) => GROUPS[group](context))
  return [...versionChecks(context), ...groups, ...customChecks(context)].map((check) =>
    schedule(check, context.emulated),
  )
}
