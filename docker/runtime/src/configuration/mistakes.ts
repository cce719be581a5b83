import { RuntimeFailure } from "../failure.js"

/** One thing that is wrong: of which variable, what, and what to do. */
export interface Mistake {
  readonly variable: string
  /** Continues the variable's name: `is not a number`. Never shows a secret. */
  readonly problem: string
  readonly remedy: string
}

/** All mistakes as one failure: nobody wants to find them one start after the other. */
export function configurationFailure(mistakes: readonly Mistake[]): RuntimeFailure {
  const lines = mistakes.map(({ variable, problem, remedy }) => `${variable} ${problem}. ${remedy}`)
  const [first = "", ...others] = lines
  return new RuntimeFailure(
    "CONFIGURATION",
    others.length === 0 ? first : `the configuration has ${lines.length} mistakes\n  ${lines.join("\n  ")}`,
    "docs/RUNTIME.md lists all variables.",
  )
}
