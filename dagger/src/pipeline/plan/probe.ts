import { setTimeout } from "node:timers/promises"
import type { Probe } from "../../core/plan/sources.js"
import type { Mirror } from "../../core/text/mirror.js"
import { basic, getSafely, isSuccess, reasonOf, RefusedRedirect } from "../catalog/http-access.js"

/** How often a server is asked that does not answer, or is too busy to. */
const ATTEMPTS = 3
/** The time limit for each answer. */
const ANSWER_SECONDS = 8
/** Statuses after which the same request may succeed. */
const BUSY = [408, 429, 500, 502, 503, 504]

/** A server's answer: whether it has the file, or why not, and whether that may change if it is asked again. */
type Answer = "yes" | { why: string; again: boolean }

/**
 * Asks from here, with the rules of ask-upstream.sh, which asks from a container: a plan can be made without an engine.
 *
 * @param credentials the mirror's, which are sent to no other host
 */
export function probeFromHere(credentials?: Mirror["credentials"]): Probe {
  const headers = { range: "bytes=0-0", ...(credentials ? { authorization: basic(credentials) } : {}) }
  return (urls) => Promise.all(urls.map((url) => askRepeatedly(url, headers)))
}

async function askRepeatedly(url: string, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(url, headers)
    if (answer === "yes") return undefined
    if (!answer.again) return answer.why
    if (attempt === ATTEMPTS) return `${answer.why}, ${String(ATTEMPTS)} times`
    await setTimeout(attempt * 1000)
  }
}

async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  try {
    const response = await getSafely(url, headers, AbortSignal.timeout(ANSWER_SECONDS * 1000))
    response.destroy()
    const { statusCode = 0 } = response
    if (!isSuccess(response))
      return { why: `the server answers ${String(statusCode)}`, again: BUSY.includes(statusCode) }
    if (/^text\/html\b/i.test(response.headers["content-type"] ?? ""))
      return { why: "the server sends a web page instead", again: false }
    return "yes"
  } catch (error) {
    if (error instanceof RefusedRedirect) return { why: error.message, again: false }
    const timedOut = error instanceof Error && error.name === "TimeoutError"
    return { why: timedOut ? `no answer within ${String(ANSWER_SECONDS)} seconds` : reasonOf(error), again: true }
  }
}
