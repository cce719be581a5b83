import { setTimeout as sleep } from "node:timers/promises"
import pRetry, { type RetryContext } from "p-retry"
import type * as z from "zod"
import { RuntimeFailure } from "../failure.js"
import type { Log } from "../log.js"
import { answerFault, type Question } from "./answer.js"
import { connectionFault } from "./connection-fault.js"
import { Fault } from "./fault.js"

const SECOND = 1000

/** The requested version of GitHub's REST API: the oldest supported one, which GitHub Enterprise Server knows as well. */
const API_VERSION = "2022-11-28"

/** Limits, all in milliseconds. */
export interface ClientLimits {
  /** For one request. */
  readonly request: number
  /** How long temporary faults are retried. */
  readonly window: number
  /** The same for a host that the name service does not know: a network that is coming up, or a mistyped name. */
  readonly unknownHost: number
  /** How long rate limits are waited for, in total. */
  readonly rateLimit: number
  /** Before the second try; doubled up to `longestDelay`, plus a random part, so that a fleet does not ask in step. */
  readonly delay: number
  readonly longestDelay: number
  /** How long a request that creates something continues after its signal: the caller has to know what was created. */
  readonly finish: number
}

/** A server may be away for a restart, and a rate limit that ends soon is better waited out than run into again. */
export const CLIENT_LIMITS: ClientLimits = {
  request: 30 * SECOND,
  window: 150 * SECOND,
  unknownHost: 30 * SECOND,
  rateLimit: 900 * SECOND,
  delay: SECOND,
  longestDelay: 15 * SECOND,
  finish: 5 * SECOND,
}

export interface ClientOptions {
  readonly log: Log
  /** `runner-images/0.1.0`: GitHub refuses requests without one. */
  readonly userAgent: string
  readonly limits?: Partial<ClientLimits>
}

export interface Request<T> extends Omit<Question, "host"> {
  readonly method: "GET" | "POST" | "DELETE"
  /** Below the API's address, without a leading slash: `orgs/octo/actions/runners`. */
  readonly path: string
  /** The header's value, `Bearer …`. */
  readonly authorization: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** What the answer has to look like. */
  readonly answer: z.ZodType<T>
  /** Further statuses that are valid answers, with the result for each. */
  readonly accept?: Readonly<Record<number, T>>
  readonly signal?: AbortSignal | undefined
  /** It creates something: once sent, its answer is awaited for a while, even if the signal is aborted. */
  readonly makes?: boolean
  /** Called with every answer of the server before it is judged. */
  readonly onAnswer?: (response: Response) => void
}

/** GitHub's REST API, with retries after temporary faults. Its failures never contain a token. */
export class GitHubClient {
  readonly #api: string
  readonly #options: ClientOptions
  readonly #limits: ClientLimits

  /** @param api `https://api.github.com`, without a slash at the end */
  constructor(api: string, options: ClientOptions) {
    this.#api = api
    this.#options = options
    this.#limits = { ...CLIENT_LIMITS, ...options.limits }
  }

  /** `api.github.com` */
  get host(): string {
    return new URL(this.#api).host
  }

  /**
   * Asks until there is an answer.
   *
   * @throws {RuntimeFailure} TOKEN_INVALID for 401 and 403, NOT_FOUND for 404, NETWORK when the server was unreachable for too long
   * or a rate limit lasts too long, REGISTRATION for any other refusal
   * @throws the signal's reason when it was aborted
   */
  async request<T>(request: Request<T>): Promise<T> {
    const retryBudget = new RetryBudget(this.#limits)
    try {
      return await pRetry(() => this.#once(request), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: this.#limits.delay,
        maxTimeout: this.#limits.longestDelay,
        randomize: true,
        signal: request.signal,
        // A limit's end is known, so it is waited for here, and takes no part in the back-off.
        shouldConsumeRetry: ({ error }) => !(error instanceof Fault) || error.wait === undefined,
        shouldRetry: (context) => this.#wait(context, retryBudget, request.signal),
      })
    } catch (error) {
      throw error instanceof Fault ? error.failure : error
    }
  }

  async #wait({ error, retryDelay }: RetryContext, retryBudget: RetryBudget, signal?: AbortSignal): Promise<boolean> {
    if (!(error instanceof Fault)) return false
    const delay = error.wait ?? retryDelay
    if (!retryBudget.allows(error, delay)) return false
    this.#options.log.warn(`${this.host}: ${error.reason}, trying again in ${inSeconds(delay)}`)
    if (error.wait !== undefined) await sleep(delay, undefined, { signal }).catch(() => signal?.throwIfAborted())
    return true
  }

  async #once<T>({
    method,
    path,
    authorization,
    body,
    answer,
    accept,
    signal,
    makes,
    onAnswer,
    ...question
  }: Request<T>): Promise<T> {
    const { host } = this
    const timeout = AbortSignal.timeout(this.#limits.request)
    const end = signal && makes === true ? later(signal, this.#limits.finish) : signal
    let response: Response
    let text: string
    try {
      response = await fetch(`${this.#api}/${path}`, {
        method,
        headers: {
          accept: "application/vnd.github+json",
          authorization,
          "user-agent": this.#options.userAgent,
          "x-github-api-version": API_VERSION,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: end ? AbortSignal.any([end, timeout]) : timeout,
      })
      text = await response.text()
    } catch (error) {
      signal?.throwIfAborted()
      throw connectionFault(error, host)
    }
    onAnswer?.(response)
    const accepted = accept?.[response.status]
    if (accepted !== undefined) return accepted
    if (!response.ok) throw answerFault(response, withoutSecret(messageOf(text), authorization), { ...question, host })
    const parsed = answer.safeParse(fromJson(text))
    if (parsed.success) return parsed.data
    throw new RuntimeFailure(
      "NETWORK",
      `${host} did not answer like GitHub's API when asked for ${question.what}`,
      "Check GITHUB_HOST, GITHUB_API_HOST and GITHUB_API_PATH, and that no proxy answers in GitHub's place.",
    )
  }
}

/** Tracks the time that was spent on waiting. */
class RetryBudget {
  readonly #limits: ClientLimits
  #limited = 0
  /** When the first of consecutive faults occurred; a rate limit in between counts as an answer. */
  #since: number | undefined

  constructor(limits: ClientLimits) {
    this.#limits = limits
  }

  allows(fault: Fault, delay: number): boolean {
    if (fault.kind === "rate-limit") {
      this.#since = undefined
      this.#limited += delay
      return this.#limited <= this.#limits.rateLimit
    }
    const now = performance.now()
    this.#since ??= now
    const window = fault.kind === "unknown-host" ? this.#limits.unknownHost : this.#limits.window
    return now + delay - this.#since <= window
  }
}

/** Aborted this many milliseconds after another signal was. */
function later(signal: AbortSignal, milliseconds: number): AbortSignal {
  const controller = new AbortController()
  const abort = (): void => void setTimeout(() => controller.abort(signal.reason), milliseconds).unref()
  if (signal.aborted) abort()
  else signal.addEventListener("abort", abort, { once: true })
  return controller.signal
}

function inSeconds(milliseconds: number): string {
  return `${String(Math.ceil(milliseconds / SECOND))} s`
}

/** GitHub's `message`, in one line of limited length. */
function messageOf(text: string): string {
  const body = fromJson(text)
  if (typeof body !== "object" || body === null || !("message" in body) || typeof body.message !== "string") return ""
  return body.message.replace(/\s+/g, " ").trim().slice(0, 300)
}

function fromJson(text: string): unknown {
  if (text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A server has no reason to repeat a token, but a proxy that answers in its place may show the whole request. */
function withoutSecret(text: string, authorization: string): string {
  const secret = authorization.slice(authorization.indexOf(" ") + 1)
  return secret === "" ? text : text.replaceAll(secret, "***")
}
