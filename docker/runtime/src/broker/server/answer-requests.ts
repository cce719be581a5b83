import type { Duplex } from "node:stream"
import { failureMessage } from "../../failure-message.js"
import type { Log } from "../../log.js"
import { JsonLines } from "../protocol/json-lines.js"
import { type BrokerAnswer, type BrokerRequest, LONGEST_REQUEST, parseRequest } from "../protocol/protocol.js"

/** Performs a request. */
export type Answerer = (request: BrokerRequest, signal: AbortSignal) => Promise<BrokerAnswer>

export interface AnswerOptions {
  readonly stream: Duplex
  readonly answer: Answerer
  readonly log: Log
  /** Who asks, for the log. */
  readonly who: string
  /** Whether one more request is answered now. */
  readonly allowed?: () => boolean
}

/**
 * Answers the requests of one connection. A further one withdraws the previous one, and the connection's end withdraws the last; anything
 * other than a request ends the connection.
 *
 * @returns resolved when the connection is closed and no request is in progress any more
 */
export async function answerRequests({ stream, answer, log, who, allowed }: AnswerOptions): Promise<void> {
  const lines = new JsonLines(stream, LONGEST_REQUEST)
  let current = new AbortController()
  let last: Promise<void> = Promise.resolve()
  const closed = new Promise<void>((resolve) => lines.onClose(resolve))
  lines.onLine((line) => {
    const parsed = parseRequest(line)
    if (!parsed) {
      log.warn(`${who}: refused an invalid request`)
      lines.close()
      return
    }
    if (allowed?.() === false) {
      log.warn(`${who}: too many requests; the connection is closed`)
      lines.close()
      return
    }
    const { id, ...request } = parsed
    log.info(`${who}: ${described(request)}`)
    current.abort(new Error("the request was withdrawn"))
    const controller = new AbortController()
    current = controller
    last = last.then(async () => {
      const withdrawn = (): boolean => controller.signal.aborted
      if (withdrawn()) return
      const given = await answerOne(() => answer(request, controller.signal))
      if (!withdrawn()) lines.send({ id, ...given })
    })
  })
  await closed
  current.abort(new Error("the connection is closed"))
  await last
}

async function answerOne(answer: () => Promise<BrokerAnswer>): Promise<BrokerAnswer> {
  try {
    return await answer()
  } catch (error) {
    return { failure: failureMessage(error) }
  }
}

/** Without the lease, which is a secret. */
function described(request: BrokerRequest): string {
  if (request.request === "remove") return "remove"
  const { runner, configured } = request
  return ["register", runner?.name, configured ? "(configured)" : undefined]
    .filter((part) => part !== undefined)
    .join(" ")
}
