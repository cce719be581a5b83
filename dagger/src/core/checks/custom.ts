import type { CustomCheck } from "../variants/definitions.js"
import { matches, type CheckContext, type ExecCheck } from "./check.js"

/** As docs/VARIANTS.md promises. */
const CUSTOM_SECONDS = 120

/** The checks of a definition file. */
export function customChecks({ plan }: CheckContext): ExecCheck[] {
  return plan.customChecks.map(customCheck)
}

function customCheck({ name, proves, command, expect, skipEmulated }: CustomCheck): ExecCheck {
  const expected = expect.kind === "matches" ? matches(new RegExp(expect.pattern)) : expect
  const seconds = CUSTOM_SECONDS
  return {
    name,
    proves,
    command,
    expect: expected,
    seconds,
    ...(skipEmulated && { emulation: { skip: skipEmulated } }),
  }
}
