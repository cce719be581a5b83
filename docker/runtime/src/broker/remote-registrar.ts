import type { Duplex } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import type { BrokerEndpoint } from "../configuration/broker.js"
import { RuntimeFailure } from "../failure.js"
import type { Log } from "../log.js"
import { BrokerClient } from "./client.js"
import { addressText, connectToBroker } from "./connect.js"
import type { Grant, RegisterRequest, Removal, RequestedRunner } from "./protocol.js"
import type { Registrar } from "./registrar.js"

const SECOND = 1000

/** How long a broker that does not answer is tried, and how soon again. Milliseconds. */
export interface Patience {
  readonly window: number
  readonly delay: number
  readonly longestDelay: number
}

const PATIENCE: Patience = { window: 150 * SECOND, delay: SECOND, longestDelay: 15 * SECOND }

/**
 * Asks a broker in another container. The connection stays open as long as this container lives: by that the broker knows. When it breaks,
 * another one goes on with the same runner.
 */
export class RemoteRegistrar implements Registrar {
  readonly #endpoint: BrokerEndpoint
  readonly #runner: RequestedRunner
  readonly #log: Log
  readonly #patience: Patience
  #client: BrokerClient | undefined
  #lease: string | undefined
  #workFolder = "/"
  #closed = false
  #removed = false

  constructor(endpoint: BrokerEndpoint, runner: RequestedRunner, log: Log, patience = PATIENCE) {
    this.#endpoint = endpoint
    this.#runner = runner
    this.#log = log
    this.#patience = patience
  }

  async register(asked: Omit<RegisterRequest, "request">, signal?: AbortSignal): Promise<Grant> {
    this.#workFolder = asked.workFolder
    const grant = await this.#register(await this.#connected(signal), asked, signal)
    if (asked.configured) void this.#stayConnected()
    return grant
  }

  async remove(signal?: AbortSignal): Promise<Removal> {
    if (this.#lease === undefined) return "absent"
    const answer = await (await this.#connected(signal)).ask({ request: "remove" }, signal)
    if (!("removal" in answer)) throw strange()
    if (answer.removal !== "busy") this.#removed = true
    return answer.removal
  }

  close(): void {
    this.#closed = true
    this.#client?.close()
  }

  async #register(
    client: BrokerClient,
    { configured, workFolder }: Omit<RegisterRequest, "request">,
    signal?: AbortSignal,
  ): Promise<Grant> {
    const lease = this.#lease === undefined ? {} : { lease: this.#lease }
    const answer = await client.ask(
      { request: "register", configured, workFolder, runner: this.#runner, ...lease },
      signal,
    )
    if (!("grant" in answer)) throw strange()
    const { lease: given, ...grant } = answer
    if (given !== undefined) this.#lease = given
    return grant
  }

  /** The connection, made anew when it broke. */
  async #connected(signal?: AbortSignal): Promise<BrokerClient> {
    if (this.#client) return this.#client
    const start = performance.now()
    for (let delay = this.#patience.delay; ; delay = Math.min(delay * 2, this.#patience.longestDelay)) {
      try {
        return this.#use(await connectToBroker(this.#endpoint, signal))
      } catch (error) {
        signal?.throwIfAborted()
        if (!(error instanceof RuntimeFailure) || error.code !== "NETWORK") throw error
        if (performance.now() + delay - start > this.#patience.window) throw error
        this.#log.warn(`${error.message}; trying again in ${String(Math.ceil(delay / SECOND))} s`)
        await sleep(delay, undefined, { signal })
      }
    }
  }

  #use(stream: Duplex): BrokerClient {
    const client = new BrokerClient(stream)
    this.#client = client
    void client.ended.then(() => {
      if (this.#client === client) this.#client = undefined
    })
    return client
  }

  /** Goes on with the lease whenever the connection breaks: without one the broker takes the container to be gone. */
  async #stayConnected(): Promise<void> {
    while (!this.#closed && !this.#removed) {
      await this.#client?.ended
      if (this.#closed || this.#removed) return
      this.#log.warn(`the connection with the broker ${addressText(this.#endpoint.address)} broke`)
      try {
        const client = await this.#connected()
        await this.#register(client, { configured: true, workFolder: this.#workFolder })
        this.#log.info("the connection with the broker is there again")
      } catch (error) {
        this.#log.warn(`${(error as Error).message}; the broker will take this container to be gone`)
        await sleep(this.#patience.longestDelay, undefined, { ref: false })
      }
    }
  }
}

function strange(): RuntimeFailure {
  return new RuntimeFailure(
    "UNCLASSIFIED",
    "the broker answered something that was not asked for",
    "Use the same version of the image for the broker and for the runners.",
  )
}
