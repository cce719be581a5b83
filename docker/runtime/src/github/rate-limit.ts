const SECOND = 1000

/** The wait that GitHub asks for if it names no time. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const UNSTATED = 60 * SECOND

/**
 * How long a rate-limited client has to wait, in milliseconds, or undefined for any other answer: a token without permission gets a 403
 * as well.
 *
 * @param message GitHub's own, from the body: a secondary limit may have no header at all
 */
export function rateLimitWait(response: Response, message: string): number | undefined {
  if (response.status !== 403 && response.status !== 429) return undefined
  const asked = retryAfter(response.headers)
  if (asked !== undefined) return asked
  if (response.headers.get("x-ratelimit-remaining") === "0") {
    const reset = Number(response.headers.get("x-ratelimit-reset"))
    if (reset > 0) return Math.max(reset * SECOND - serverTime(response.headers), 0) + SECOND
    return UNSTATED
  }
  return response.status === 429 || /rate limit/i.test(message) ? UNSTATED : undefined
}

/** Milliseconds from `Retry-After`, which is a number of seconds or a date. */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim()
  if (value === undefined || value === "") return undefined
  if (/^\d+$/.test(value)) return Number(value) * SECOND
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(date - serverTime(headers), 0)
}

/** The server's own clock in milliseconds since 1970: a container's may be off. */
export function serverTime(headers: Headers): number {
  const date = Date.parse(headers.get("date") ?? "")
  return Number.isNaN(date) ? Date.now() : date
}
