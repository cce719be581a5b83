import type { OwnCheck } from "../variants/definitions.js"
import { matches, type CheckContext, type ExecCheck } from "./check.js"

/** The checks of a definition file. */
export function ownChecks({ plan }: CheckContext): ExecCheck[] {
  return plan.ownChecks.map(ownCheck)
}

function ownCheck({ name, proves, command, expect, skipEmulated }: OwnCheck): ExecCheck {
  const expected = expect.kind === "matches" ? matches(new RegExp(expect.pattern)) : expect
  return { name, proves, command, expect: expected, ...(skipEmulated && { emulation: { skip: skipEmulated } }) }
}
