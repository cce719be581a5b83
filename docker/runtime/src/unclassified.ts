import { RuntimeFailure } from "./failure.js"

/** What was thrown, as a failure. Anything other than a RuntimeFailure is an error of this program. */
export function asFailure(error: unknown): RuntimeFailure {
  if (error instanceof RuntimeFailure) return error
  return new RuntimeFailure("UNCLASSIFIED", String(error), "This is an error in the runtime program. Please report it.")
}
