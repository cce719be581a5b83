import { RunnerImagesError } from "../../dagger/src/core/errors.js"

/** What a program reads about a run that failed: one JSON object on standard error, with `--json`. */
export interface FailureAnswer {
  error: {
    code: string
    exitCode: number
    problem: string
    remedy: string
    /** The end of the failed command's output, or the failed checks, one per line. */
    details?: string[]
  }
}

/** An error with lines that explain it: the end of a command's output, the checks that failed. */
export class DetailedError extends RunnerImagesError {
  constructor(
    code: RunnerImagesError["code"],
    problem: string,
    remedy: string,
    details: readonly string[],
    options?: { cause?: unknown },
  ) {
    super(code, problem, remedy, { ...options, details })
  }
}

/** For people: what is wrong and its code, details indented, then what to do. */
export function failureText(error: RunnerImagesError): string {
  const details = error.details.map((line) => `  ${line}`)
  return [`error: ${error.problem} [${error.code}]`, ...details, error.remedy].join("\n")
}

/** For programs. */
export function failureAnswer(error: RunnerImagesError): FailureAnswer {
  const { code, exitCode, problem, remedy } = error
  const details = error.details.length > 0 ? { details: [...error.details] } : {}
  return { error: { code, exitCode, problem, remedy, ...details } }
}
