import type { Duplex } from "node:stream"
import { RuntimeFailure } from "../../failure.js"
import { failureFrom } from "../../failure-message.js"
import { untilAborted } from "../../until-aborted.js"
import { JsonLines } from "../protocol/json-lines.js"
import {
  type BrokerAnswer,
  type BrokerRequest,
  type LeasedGrant,
  LONGEST_ANSWER,
  type RegisterRequest,
} from "../protocol/protocol.js"
import type { Removal } from "../../github/registered-runner.js"

/** Sends requests to a broker over a stream, one at a time. */
export class BrokerClient {
  readonly #lines: JsonLines
  readonly #ended: Promise<void>
  #number = 0
  #waiting: { readonly number: number; readonly answered: (answer: BrokerAnswer) => void } | undefined

  constructor(stream: Duplex) {
    this.#lines = new JsonLines(stream, LONGEST_ANSWER)
    this.#ended = new Promise((resolve) => this.#lines.onClose(resolve))
    this.#lines.onLine((line) => {
      const parsed = parseAnswer(line)
      if (!parsed) {
        this.#lines.close()
        return
      }
      const { id, ...answer } = parsed
      // A withdrawn request may still be answered.
      if (id === this.#waiting?.number) this.#waiting.answered(answer)
    })
  }

  /** The broker is gone. */
  get closed(): boolean {
    return this.#lines.closed
  }

  /** Resolved when the broker is gone. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /**
   * @throws {RuntimeFailure} what the broker answers, or UNCLASSIFIED when it is gone
   * @throws the signal's reason when aborted: the next request withdraws this one
   */
  async send(request: BrokerRequest, signal?: AbortSignal): Promise<LeasedGrant | { readonly removal: Removal }> {
    signal?.throwIfAborted()
    const number = ++this.#number
    const answered = new Promise<BrokerAnswer>((resolve) => (this.#waiting = { number, answered: resolve }))
    this.#lines.send({ id: number, ...request })
    const answer = await Promise.race([answered, this.#ended, untilAborted(signal)])
    signal?.throwIfAborted()
    if (!answer) throw gone()
    if (!("failure" in answer)) return answer
    throw failureFrom(answer.failure)
  }

  /** Throws as `send`. */
  async register(request: Omit<RegisterRequest, "request">, signal?: AbortSignal): Promise<LeasedGrant> {
    const answer = await this.send({ request: "register", ...request }, signal)
    if (!("grant" in answer)) throw strange()
    return answer
  }

  /** Throws as `send`. */
  async remove(signal?: AbortSignal): Promise<Removal> {
    const answer = await this.send({ request: "remove" }, signal)
    if (!("removal" in answer)) throw strange()
    return answer.removal
  }

  close(): void {
    this.#lines.close()
  }
}

/** The other side may be something other than a broker. */
function parseAnswer(line: string): (BrokerAnswer & { readonly id: number }) | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== "object" || value === null || !("id" in value) || typeof value.id !== "number")
      return undefined
    return value as BrokerAnswer & { readonly id: number }
  } catch {
    return undefined
  }
}

function gone(): RuntimeFailure {
  return new RuntimeFailure(
    "UNCLASSIFIED",
    "the broker, which holds the credential, is gone",
    "It was killed, or it ran out of memory. Start the container again.",
  )
}

function strange(): RuntimeFailure {
  return new RuntimeFailure(
    "UNCLASSIFIED",
    "the broker sent an unexpected answer",
    "Use the same version of the image for the broker and for the runners.",
  )
}
