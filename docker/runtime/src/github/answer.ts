import { RuntimeFailure } from "../failure.js"
import { Fault } from "./fault.js"
import { rateLimitWait, retryAfter } from "./rate-limit.js"

/** Statuses of a server that is temporarily unavailable. */
const PASSING = new Set([408, 502, 503, 504])

const NEW_TOKEN = "The token is wrong, expired or revoked. Set a new one."

/** What was requested, for messages. */
export interface Question {
  /** `a registration token for repos/octo/example` */
  readonly what: string
  readonly host: string
  /** What to do when it was not allowed, as sentences. */
  readonly permission: string
  /** What to do when the credentials were not accepted. */
  readonly credentials?: string | undefined
}

/**
 * An answer other than a success, as a temporary fault or as a failure.
 *
 * @param message GitHub's own, without secrets
 */
export function answerFault(response: Response, message: string, question: Question): Fault | RuntimeFailure {
  const { what, host, permission, credentials = NEW_TOKEN } = question
  const said = message === "" ? String(response.status) : `${String(response.status)}, "${message}"`
  const limited = rateLimitWait(response, message)
  if (limited !== undefined) {
    const failure = new RuntimeFailure(
      "NETWORK",
      `${host} limits the rate of requests: ${said}`,
      `It asks clients to wait ${String(Math.ceil(limited / 1000))} s. Start again then, with fewer runners at once, or use a GitHub App: it has a limit of its own.`,
    )
    return new Fault("rate limit", failure, limited, "rate-limit")
  }
  if (PASSING.has(response.status)) {
    const failure = new RuntimeFailure("NETWORK", `${host} is not available: ${said}`, "Start again later.")
    return new Fault(`status ${String(response.status)}`, failure, retryAfter(response.headers))
  }
  switch (response.status) {
    case 401:
      return new RuntimeFailure("TOKEN_INVALID", `${host} refused the credentials for ${what}: ${said}`, credentials)
    case 403:
      return new RuntimeFailure("TOKEN_INVALID", `${host} does not allow ${what}: ${said}`, permission)
    case 404:
      return new RuntimeFailure(
        "NOT_FOUND",
        `${host} found nothing when asked for ${what}: ${said}`,
        `Check the name. GitHub also hides what a token may not see. ${permission}`,
      )
    default:
      return new RuntimeFailure(
        response.status >= 500 ? "NETWORK" : "REGISTRATION",
        `${host} did not give ${what}: ${said}`,
        "GitHub's message above says why; https://www.githubstatus.com lists incidents.",
      )
  }
}
