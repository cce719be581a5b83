import { type FailureCode, RuntimeFailure } from "./failure.js"
import { asFailure } from "./unclassified.js"

/** A failure as one process of this program tells another. */
export interface FailureMessage {
  readonly code: FailureCode
  readonly message: string
  readonly remedy: string
}

/** What was thrown, to be told. */
export function failureMessage(error: unknown): FailureMessage {
  const { code, message, remedy } = asFailure(error)
  return { code, message, remedy }
}

/** What was told, to be thrown. */
export function failureFrom({ code, message, remedy }: FailureMessage): RuntimeFailure {
  return new RuntimeFailure(code, message, remedy)
}
