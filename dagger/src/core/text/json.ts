import type { z } from "zod"
import { isDeepJson, TOO_DEEP } from "./nesting.js"

/** Makes the error of whoever reads the text. */
type Invalid = (why: string, cause?: unknown) => Error

/**
 * Parses JSON of unknown form.
 *
 * @throws what `invalid` makes of "it is not JSON", or of JSON that is nested too deeply
 */
export function parseJson(text: string, invalid: Invalid): unknown {
  if (isDeepJson(text)) throw invalid(TOO_DEEP)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid("it is not JSON", cause)
  }
}

/** The first thing that a schema rejects: `platforms.0.packages: Invalid input`. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const path = issue?.path.join(".") ?? ""
  return `${path === "" ? "it" : path}: ${issue?.message ?? "wrong format"}`
}
