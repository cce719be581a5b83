import type { z } from "zod"
import type { Request } from "./message.js"
import { Refusal } from "./refusal.js"

/**
 * The request's body, of the given form.
 *
 * https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed
 *
 * @throws {Refusal} 400 when it is no JSON, 422 when it is of another form
 */
export function jsonBody<T extends z.ZodType>(request: Request, form: T): z.infer<T> {
  let value: unknown
  try {
    value = request.body === "" ? {} : JSON.parse(request.body)
  } catch {
    throw new Refusal(400, "Problems parsing JSON")
  }
  const parsed = form.safeParse(value)
  if (parsed.success) return parsed.data
  const what = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`).join("; ")
  throw new Refusal(422, `Invalid request.\n\n${what}`)
}

/** With names in the API's spelling: some clients send `JobID` for `jobId`. What is in `outputs` has a workflow's own names. */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+/g) ?? [name]
      const spelt = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()).join("")
      const camel = spelt.charAt(0).toLowerCase() + spelt.slice(1)
      return [camel, camel === "outputs" ? member : camelCased(member)]
    }),
  )
}
