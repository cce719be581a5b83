import { z } from "zod"
import type { Request } from "./message.js"

/** What to do in place of an answer, or before it. */
export const FAULT = z.strictObject({
  /** `POST`; any when missing. */
  method: z.string().optional(),
  /** The path without `/api/v3`, `*` for anything: `/repos/octo/*-token`. Any when missing. */
  path: z.string().optional(),
  /** How many of the requests that match pass before the first that is met. */
  skip: z.int().nonnegative().default(0),
  /** How many are met; null for all. */
  times: z.int().positive().nullable().default(1),
  /** Milliseconds before the answer, which is the usual one unless something else is asked for. */
  delay: z.int().nonnegative().default(0),
  /** An answer of this status in place of the usual one. */
  status: z.int().min(200).max(599).optional(),
  message: z.string().optional(),
  /** A body of any kind in place of GitHub's `{ message, … }`. A string is sent as it is. */
  body: z.unknown().optional(),
  headers: z.record(z.string(), z.string()).default({}),
  /**
   * `connection`: closed without an answer. `answer`: closed in the middle of it. `processed`: closed without an answer
   * after the request did its work.
   */
  drop: z.enum(["connection", "answer", "processed"]).optional(),
  /** No answer at all, until the client gives up. */
  hang: z.boolean().default(false),
  /** GitHub's answer to too many requests: `primary` with the time of its end, `secondary` with `retry-after`, both in seconds. */
  limit: z.strictObject({ kind: z.enum(["primary", "secondary"]), seconds: z.number().optional() }).optional(),
})

export type Fault = z.infer<typeof FAULT>

interface Pending {
  readonly fault: Fault
  readonly pattern: RegExp
  skip: number
  /** Infinity for all. */
  left: number
}

/** Failures on demand, the first that matches. */
export class Faults {
  #pending: Pending[] = []

  add(fault: z.input<typeof FAULT>): void {
    const parsed = FAULT.parse(fault)
    const left = parsed.times ?? Number.POSITIVE_INFINITY
    this.#pending.push({ fault: parsed, pattern: patternOf(parsed.path), skip: parsed.skip, left })
  }

  clear(): void {
    this.#pending = []
  }

  /** Those that have not all been met: none when a test's faults came about as it meant. */
  pending(): readonly (Fault & { readonly left: number | null })[] {
    return this.#pending.map(({ fault, left }) => ({ ...fault, left: Number.isFinite(left) ? left : null }))
  }

  /** The fault for this request, which is used up by it. */
  take({ method, path }: Pick<Request, "method" | "path">): Fault | undefined {
    for (const pending of this.#pending) {
      const { fault, pattern } = pending
      if ((fault.method !== undefined && fault.method !== method) || !pattern.test(path)) continue
      if (pending.skip > 0) {
        pending.skip--
        continue
      }
      if (--pending.left <= 0) this.#pending = this.#pending.filter((other) => other !== pending)
      return fault
    }
    return undefined
  }
}

function patternOf(path: string | undefined): RegExp {
  if (path === undefined) return /^/
  const quoted = path.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
  return new RegExp(`^${quoted.join(".*")}$`)
}
