import { RuntimeFailure } from "../failure.js"

/** One thing that is wrong: of which variable, what, and what to do. */
export interface ValidationIssue {
  readonly variable: string
  /** Continues the variable's name: `is not a number`. Never shows a secret. */
  readonly problem: string
  readonly remedy: string
}

/** All errors as one failure: nobody wants to find them one start after the other. */
export function configurationFailure(issues: readonly ValidationIssue[]): RuntimeFailure {
  const lines = issues.map(({ variable, problem, remedy }) => `${variable} ${problem}. ${remedy}`)
  const [first = "", ...others] = lines
  return new RuntimeFailure(
    "CONFIGURATION",
    others.length === 0 ? first : `the configuration has ${lines.length} errors\n  ${lines.join("\n  ")}`,
    "docs/RUNTIME.md lists all variables.",
  )
}
