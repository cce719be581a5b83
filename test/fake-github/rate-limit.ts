import type { Clock } from "./clock.js"
import { Refusal } from "./refusal.js"

const DOCUMENTATION = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"

interface Budget {
  used: number
  /** Milliseconds since 1970. */
  reset: number
}

/**
 * Counts requests by credential, and refuses those beyond the limit.
 *
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export class RateLimit {
  /** Requests in a window. */
  limit = 5000
  /** Seconds. */
  window = 3600
  readonly #clock: Clock
  readonly #budgets = new Map<string, Budget>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins a new count for everyone. */
  clear(): void {
    this.#budgets.clear()
  }

  /** @throws {Refusal} 403 when the budget is used up */
  count(credential: string): Readonly<Record<string, string>> {
    const budget = this.#budget(credential)
    if (budget.used >= this.limit) throw primaryLimit(this.#headers(budget))
    budget.used++
    return this.#headers(budget)
  }

  /** https://docs.github.com/rest/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user: not counted itself. */
  status(credential: string): { limit: number; used: number; remaining: number; reset: number } {
    const { used, reset } = this.#budget(credential)
    return { limit: this.limit, used, remaining: Math.max(this.limit - used, 0), reset: inSeconds(reset) }
  }

  /** Headers of an answer that says that nothing is left for so many seconds. */
  exhausted(seconds: number): Readonly<Record<string, string>> {
    return this.#headers({ used: this.limit, reset: this.#clock.now() + seconds * 1000 })
  }

  #budget(credential: string): Budget {
    const now = this.#clock.now()
    const known = this.#budgets.get(credential)
    if (known && known.reset > now) return known
    const fresh = { used: 0, reset: now + this.window * 1000 }
    this.#budgets.set(credential, fresh)
    return fresh
  }

  #headers({ used, reset }: Budget): Record<string, string> {
    return {
      "x-ratelimit-limit": String(this.limit),
      "x-ratelimit-remaining": String(Math.max(this.limit - used, 0)),
      "x-ratelimit-used": String(used),
      "x-ratelimit-reset": String(inSeconds(reset)),
      "x-ratelimit-resource": "core",
    }
  }
}

/** @param headers with `x-ratelimit-remaining: 0` and when that ends */
export function primaryLimit(headers: Readonly<Record<string, string>>): Refusal {
  return new Refusal(403, "API rate limit exceeded for user ID 1.", DOCUMENTATION, headers)
}

/** @param seconds for `retry-after`, which may be missing */
export function secondaryLimit(seconds: number | undefined): Refusal {
  return new Refusal(
    403,
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    `${DOCUMENTATION}#about-secondary-rate-limits`,
    seconds === undefined ? {} : { "retry-after": String(seconds) },
  )
}

function inSeconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000)
}
