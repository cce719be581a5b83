import { setTimeout as sleep } from "node:timers/promises"
import type { BrokerEndpoint } from "../../configuration/broker.js"
import { RuntimeFailure } from "../../failure.js"
import type { Log } from "../../log.js"
import { untilAborted } from "../../until-aborted.js"
import { BrokerClient } from "./client.js"
import { addressText, connectToBroker } from "../protocol/connect.js"
import type { RegisterRequest } from "../protocol/protocol.js"
import type { Registrar } from "../protocol/registrar.js"
import type { Grant, Removal, RequestedRunner } from "../../github/registered-runner.js"

const SECOND = 1000

/** How long and how often a broker that does not answer is retried. Milliseconds. */
export interface RetryDelays {
  readonly window: number
  readonly delay: number
  readonly longestDelay: number
}

const RETRY_DELAYS: RetryDelays = { window: 150 * SECOND, delay: SECOND, longestDelay: 15 * SECOND }

/**
 * Uses a broker in another container. The connection stays open as long as this container lives, which is how the broker knows that it does.
 * If it breaks, another connection continues with the same runner.
 */
export class RemoteRegistrar implements Registrar {
  readonly #endpoint: BrokerEndpoint
  readonly #runner: RequestedRunner
  readonly #log: Log
  readonly #retryDelays: RetryDelays
  readonly #closing = new AbortController()
  #client: BrokerClient | undefined
  #connecting: Promise<BrokerClient> | undefined
  #lease: string | undefined
  #workFolder = "/"
  #removed = false

  constructor(endpoint: BrokerEndpoint, runner: RequestedRunner, log: Log, retryDelays = RETRY_DELAYS) {
    this.#endpoint = endpoint
    this.#runner = runner
    this.#log = log
    this.#retryDelays = retryDelays
  }

  async register(asked: Omit<RegisterRequest, "request">, signal?: AbortSignal): Promise<Grant> {
    this.#workFolder = asked.workFolder
    const grant = await this.#ask(async (client) => await this.#register(client, asked, signal), signal)
    if (asked.configured) void this.#stayConnected()
    return grant
  }

  async remove(signal?: AbortSignal): Promise<Removal> {
    if (this.#lease === undefined) return "absent"
    const removal = await this.#ask(async (client) => await client.remove(signal), signal)
    if (removal !== "busy") this.#removed = true
    return removal
  }

  close(): void {
    this.#closing.abort()
    this.#client?.close()
  }

  /** Tries once more if the connection broke meanwhile, which shows only at the next request. */
  async #ask<T>(request: (client: BrokerClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let again = false; ; again = true) {
      const client = await this.#connected(signal)
      try {
        return await request(client)
      } catch (error) {
        const broke = client.closed && error instanceof RuntimeFailure && error.code === "UNCLASSIFIED"
        if (!broke || signal?.aborted === true) throw error
        if (again) throw this.#unanswered()
      }
    }
  }

  /** With TLS 1.3, a broker checks our certificate only after we have connected, and closes without a message if it rejects it. */
  #unanswered(): RuntimeFailure {
    const { address, tls } = this.#endpoint
    return new RuntimeFailure(
      tls ? "TOKEN_INVALID" : "NETWORK",
      `the broker at ${addressText(address)} closes the connection without an answer`,
      tls
        ? "Check BROKER_CERT_FILE here and BROKER_CA_FILE of the broker, whose log may say more."
        : "The broker's own log says more.",
    )
  }

  async #register(
    client: BrokerClient,
    { configured, workFolder }: Omit<RegisterRequest, "request">,
    signal?: AbortSignal,
  ): Promise<Grant> {
    const lease = this.#lease === undefined ? {} : { lease: this.#lease }
    const { lease: given, ...grant } = await client.register(
      { configured, workFolder, runner: this.#runner, ...lease },
      signal,
    )
    if (given !== undefined) this.#lease = given
    return grant
  }

  /**
   * The connection, reopened if it broke: all callers wait for the same one.
   *
   * @throws the signal's reason when aborted
   */
  async #connected(signal?: AbortSignal): Promise<BrokerClient> {
    signal?.throwIfAborted()
    if (this.#client?.closed === false) return this.#client
    const connecting = (this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined)))
    await Promise.race([connecting, untilAborted(signal)])
    signal?.throwIfAborted()
    return await connecting
  }

  async #connect(): Promise<BrokerClient> {
    const start = performance.now()
    const { signal } = this.#closing
    for (let delay = this.#retryDelays.delay; ; delay = Math.min(delay * 2, this.#retryDelays.longestDelay)) {
      try {
        return await this.#use(new BrokerClient(await connectToBroker(this.#endpoint, signal)))
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof RuntimeFailure) || error.code !== "NETWORK") throw error
        if (performance.now() + delay - start > this.#retryDelays.window) throw error
        this.#log.warn(`${error.message}; trying again in ${String(Math.ceil(delay / SECOND))} s`)
        await sleep(delay, undefined, { signal })
      }
    }
  }

  /** The broker identifies this runner by the lease: without it, a request would be another runner's. */
  async #use(client: BrokerClient): Promise<BrokerClient> {
    if (this.#lease !== undefined) {
      try {
        await this.#register(client, { configured: true, workFolder: this.#workFolder }, this.#closing.signal)
      } catch (error) {
        const broke = client.closed
        client.close()
        if (!broke || (error instanceof RuntimeFailure && error.code !== "UNCLASSIFIED")) throw error
        throw new RuntimeFailure(
          "NETWORK",
          "the broker closed the connection",
          "Check that it is running, and read its log.",
        )
      }
    }
    this.#client = client
    return client
  }

  /** Reconnects with the lease whenever the connection breaks: without a connection, the broker assumes that the container is gone. */
  async #stayConnected(): Promise<void> {
    const over = (): boolean => this.#closing.signal.aborted || this.#removed
    while (!over()) {
      await this.#client?.ended
      if (over()) return
      this.#log.warn(`the connection to the broker ${addressText(this.#endpoint.address)} was lost`)
      try {
        await this.#connected()
        this.#log.info("the connection to the broker is restored")
      } catch (error) {
        if (over()) return
        this.#log.warn(`${(error as Error).message}; the broker will assume that this container is gone`)
        await sleep(this.#retryDelays.longestDelay, undefined, { ref: false })
      }
    }
  }
}
