import type { CustomCheck } from "../variants/definitions.js"
import { matches, type CheckContext, type ExecCheck } from "./check.js"

/** The checks of a definition file. */
export function customChecks({ plan }: CheckContext): ExecCheck[] {
  return plan.customChecks.map(customCheck)
}

function customCheck({ name, proves, command, expect, skipEmulated }: CustomCheck): ExecCheck {
  const expected = expect.kind === "matches" ? matches(new RegExp(expect.pattern)) : expect
  return { name, proves, command, expect: expected, ...(skipEmulated && { emulation: { skip: skipEmulated } }) }
}
