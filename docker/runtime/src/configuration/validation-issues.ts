import { RuntimeFailure } from "../failure.js"

/** One error: which variable, what is wrong, and what to do. */
export interface ValidationIssue {
  readonly variable: string
  /** Continues the variable's name: `is not a number`. Never shows a secret. */
  readonly problem: string
  readonly remedy: string
}

/** All errors as one failure, so that nobody has to find them one start after another. */
export function configurationFailure(issues: readonly ValidationIssue[]): RuntimeFailure {
  const lines = issues.map(({ variable, problem, remedy }) => `${variable} ${problem}. ${remedy}`)
  const [first = "", ...others] = lines
  return new RuntimeFailure(
    "CONFIGURATION",
    others.length === 0 ? first : `the configuration has ${lines.length} errors\n  ${lines.join("\n  ")}`,
    "docs/RUNTIME.md lists all variables.",
  )
}
