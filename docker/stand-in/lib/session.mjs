import { hostname } from "node:os"
import { setTimeout as sleep } from "node:timers/promises"
import { ClockSkewed, RegistrationGone } from "./access-token.mjs"
import { EXIT } from "./exit-codes.mjs"
import { ask } from "./http.mjs"
import { version } from "./version.mjs"

/** The listener ends. */
export class Ending extends Error {
  /** @override */
  name = "Ending"

  /**
   * @param {number} code
   * @param {string} message empty when all was said
   * @param {boolean} [unregistered] whether the configuration is of no use any more
   */
  constructor(code, message, unregistered = false) {
    super(message)
    this.code = code
    this.unregistered = unregistered
  }
}

const DELETED =
  "Failed to create a session. The runner registration has been deleted from the server, please re-configure. Runner registrations are automatically deleted for runners that have not connected to the service recently."
const CLOCK =
  "The local machine's clock may be out of sync with the server time by more than five minutes. Please sync your clock with your domain or internet time and try again."

/**
 * @typedef {object} Message
 * @property {string} messageType
 * @property {string} body JSON
 */

/** The runner's connection to the server: a session, and messages in it. */
export class Session {
  #server
  #tokens
  #terminal
  #seconds
  /** @type {string | undefined} */
  #id
  #disconnected = false

  /**
   * @param {string} server `https://HOST/…/`
   * @param {import("./access-token.mjs").AccessTokenSource} tokens
   * @param {import("./terminal.mjs").Terminal} terminal
   * @param {import("./seconds.mjs").Seconds} seconds
   */
  constructor(server, tokens, terminal, seconds) {
    this.#server = server
    this.#tokens = tokens
    this.#terminal = terminal
    this.#seconds = seconds
  }

  /**
   * Opens it, however long that takes; another process's session is waited for a while.
   *
   * @param {AbortSignal} signal
   * @throws {Ending}
   */
  async open(signal) {
    const ownerName = `${hostname()} (PID: ${process.pid})`
    const since = Date.now()
    for (;;) {
      try {
        await this.#tokens.authorization(signal)
        if (!this.#disconnected) this.#terminal.line()
        this.#terminal.success("Connected to GitHub")
        this.#terminal.line()
        const { status, json } = await this.#ask("POST", "session", signal, {
          ownerName,
          agent: { version: version() },
        })
        if (status === 200) {
          this.#id = String(json.sessionId)
          this.#reconnected()
          return
        }
        const message = String(json.message ?? `The server answered ${status}.`)
        if (status === 409) this.#conflict(message, since)
        else if (status === 401 || status === 403 || status === 404) throw failedToOpen(message, EXIT.terminated)
        this.#trouble(message)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof Ending) throw error
        if (error instanceof RegistrationGone) throw new Ending(EXIT.terminated, DELETED)
        if (error instanceof ClockSkewed) throw new Ending(EXIT.terminated, CLOCK)
        this.#trouble(messageOf(error))
      }
      await sleep(this.#seconds.retry * 1000, undefined, { signal })
    }
  }

  /**
   * @param {string} message
   * @param {number} since
   */
  #conflict(message, since) {
    this.#terminal.error("A session for this runner already exists.")
    if (Date.now() - since < this.#seconds.conflict * 1000) return
    this.#terminal.error(`Stop retry on SessionConflictException after retried for ${this.#seconds.conflict} seconds.`)
    throw failedToOpen(message, EXIT.sessionConflict)
  }

  /**
   * The next message, however long that takes.
   *
   * @param {() => "Online" | "Busy"} status
   * @param {AbortSignal} signal
   * @returns {Promise<Message>}
   * @throws {Ending}
   */
  async next(status, signal) {
    for (;;) {
      try {
        const query = new URLSearchParams({
          sessionId: this.#id ?? "",
          status: status(),
          runnerVersion: version(),
          waitSeconds: String(this.#seconds.poll),
        })
        const answer = await this.#ask("GET", `message?${query}`, signal)
        if (answer.status < 300) this.#reconnected()
        if (answer.status === 200) return asMessage(answer.json)
        if (answer.status >= 300) await this.#refused(answer, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof Ending) throw error
        if (error instanceof RegistrationGone) throw gone()
        this.#trouble(messageOf(error))
        await sleep(this.#seconds.retry * 1000, undefined, { signal })
      }
    }
  }

  /**
   * @param {import("./http.mjs").Response} answer
   * @param {AbortSignal} signal
   */
  async #refused({ status, json }, signal) {
    const message = String(json.errorMessage ?? json.message ?? `The server answered ${status}`)
    switch (json.errorKind) {
      case "RunnerNotFound":
        throw gone()
      case "RunnerVersionTooOld":
        throw new Ending(
          process.env.ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE ? EXIT.versionRefused : EXIT.terminated,
          `An error occurred: ${message}`,
        )
      case "RunnerSessionInvalid":
        return await this.open(signal)
    }
    throw new Error(`Failed to get job message. Request failed with status: ${status}. Error message ${message}`)
  }

  /** Closes it. That the server does not answer is no matter: it ends of itself. */
  async close() {
    if (this.#id === undefined) return
    await this.#ask("DELETE", "session", AbortSignal.timeout(10_000)).catch(() => {})
    this.#id = undefined
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {unknown} [json]
   */
  async #ask(method, path, signal, json) {
    const request = async () =>
      await ask(new URL(path, this.#server), {
        method,
        authorization: await this.#tokens.authorization(signal),
        signal,
        seconds: this.#seconds.poll + 30,
        ...(json !== undefined && { json }),
      })
    const response = await request()
    if (response.status !== 401) return response
    this.#tokens.forget()
    return await request()
  }

  /** @param {string} message said once, however often it is tried */
  #trouble(message) {
    if (!this.#disconnected)
      this.#terminal.error(
        `${this.#terminal.now()}: Runner connect error: ${message.replace(/\.$/, "")}. Retrying until reconnected.`,
      )
    this.#disconnected = true
  }

  #reconnected() {
    if (this.#disconnected) this.#terminal.event("Runner reconnected.")
    this.#disconnected = false
  }
}

/**
 * @param {Record<string, unknown>} json
 * @returns {Message}
 */
function asMessage({ messageType, body }) {
  if (typeof messageType === "string" && typeof body === "string") return { messageType, body }
  throw new Error("Failed to get job message. The answer is none")
}

function gone() {
  return new Ending(EXIT.success, "The runner no longer exists on the server. Cleaning up local configuration.", true)
}

/**
 * @param {string} message
 * @param {number} code
 */
function failedToOpen(message, code) {
  return new Ending(code, `Failed to create session. ${message}`)
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
