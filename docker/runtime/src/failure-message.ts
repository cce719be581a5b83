import { type FailureCode, RuntimeFailure } from "./failure.js"
import { asFailure } from "./unclassified.js"

/** A failure as one process of this program sends it to another. */
export interface FailureMessage {
  readonly code: FailureCode
  readonly message: string
  readonly remedy: string
}

/** An error that was thrown, as a message to send. */
export function failureMessage(error: unknown): FailureMessage {
  const { code, message, remedy } = asFailure(error)
  return { code, message, remedy }
}

/** A message that was received, as an error to throw. */
export function failureFrom({ code, message, remedy }: FailureMessage): RuntimeFailure {
  return new RuntimeFailure(code, message, remedy)
}
