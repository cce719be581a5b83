import { setTimeout as sleep } from "node:timers/promises"
import { ask } from "./http.mjs"

/** Tries to tell the server how a job ended. */
const TRIES = 30

/**
 * A job, as the server describes it.
 *
 * @typedef {object} Job
 * @property {number} id
 * @property {string} name
 * @property {string} repository `octo/example`
 * @property {{ name?: string, run: string, env: Record<string, string>, always: boolean }[]} steps
 * @property {Record<string, string>} env
 * @property {string[]} secrets to be masked in its log
 */

/** @typedef {{ name: string, result: import("./exit-codes.mjs").Result, exitCode: number | null }} StepResult */

/** What the server is told of one job. */
export class JobService {
  #url
  #tokens
  #seconds
  /** Log that is yet to be sent, and the sending: one piece after the other. */
  #log = ""
  #sending = Promise.resolve()

  /**
   * @param {string} url of the job
   * @param {import("./access-token.mjs").AccessTokenSource} tokens
   * @param {import("./seconds.mjs").Seconds} seconds
   */
  constructor(url, tokens, seconds) {
    this.#url = url
    this.#tokens = tokens
    this.#seconds = seconds
  }

  /**
   * @returns {Promise<Job>}
   * @throws {Error} when it is not there any more
   */
  async get() {
    const { status, json } = await this.#ask("GET", "")
    if (status !== 200) throw new Error(`The job cannot be had: the server answered ${status}.`)
    return /** @type {Job} */ (/** @type {unknown} */ (json))
  }

  /** @returns {Promise<boolean>} whether the server still counts on this runner for the job; a server that is away may */
  async renew() {
    const answer = await this.#ask("POST", "/renew").catch(() => undefined)
    return answer === undefined || answer.status < 400 || answer.status >= 500
  }

  /** @param {string} text */
  log(text) {
    this.#log += text
    this.#sending = this.#sending.then(() => this.#sendLog())
  }

  async #sendLog() {
    const text = this.#log
    if (text === "") return
    this.#log = ""
    const answer = await this.#ask("POST", "/log", { text }).catch(() => undefined)
    // With the next piece, or before the end.
    if (answer === undefined || answer.status >= 500) this.#log = text + this.#log
  }

  /**
   * Tells the server how it ended, for as long as that is worth while.
   *
   * @param {import("./exit-codes.mjs").Result} result
   * @param {StepResult[]} steps
   */
  async complete(result, steps) {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      await this.#sending
      await this.#sendLog()
      const answer = await this.#ask("POST", "/complete", { result, steps }).catch(() => undefined)
      if (answer && answer.status < 500) return
      await sleep(this.#seconds.retry * 1000)
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [json]
   */
  async #ask(method, path, json) {
    const authorization = await this.#tokens.authorization()
    return await ask(this.#url + path, { method, authorization, seconds: 15, ...(json !== undefined && { json }) })
  }
}
