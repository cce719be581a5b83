import { setTimeout as sleep } from "node:timers/promises"
import { Failure } from "./failure.mjs"
import { ask } from "./http.mjs"

/** Of one request while the runner is configured. */
const TRIES = 3

/** The names that the real runner has for statuses, which whoever reads its output looks for. */
const STATUS_NAMES = /** @type {Record<number, string>} */ ({
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  408: "RequestTimeout",
  409: "Conflict",
  422: "UnprocessableEntity",
  429: "TooManyRequests",
  500: "InternalServerError",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "GatewayTimeout",
})

/** What config.sh asks of GitHub, with its token. */
export class GitHub {
  #url
  #api
  #token
  #terminal
  #seconds

  /**
   * @param {URL} url whom the runner is for: `https://github.com/octo/example`
   * @param {string} token for registration or removal
   * @param {import("./terminal.mjs").Terminal} terminal
   * @param {import("./seconds.mjs").Seconds} seconds
   */
  constructor(url, token, terminal, seconds) {
    this.#url = url
    this.#api = apiOf(url)
    this.#token = token
    this.#terminal = terminal
    this.#seconds = seconds
  }

  /** @param {"register" | "remove"} event */
  connect(event) {
    return this.#ask("POST", "actions/runner-registration", { url: this.#url.href, runner_event: event })
  }

  /** @returns {Promise<{ id: number, name: string, default: boolean }[]>} */
  async groups() {
    const { runner_groups: groups } = await this.#ask("GET", `${this.#target}/actions/runner-groups`)
    return /** @type {{ id: number, name: string, default: boolean }[]} */ (groups ?? [])
  }

  /**
   * @param {string} name
   * @returns {Promise<number | undefined>} its id
   */
  async find(name) {
    const found = await this.#ask("GET", `${this.#target}/actions/runners?name=${encodeURIComponent(name)}`)
    const runners = /** @type {{ id: number }[]} */ (found.runners ?? [])
    return runners[0]?.id
  }

  /** @param {Record<string, unknown>} runner */
  async register(runner) {
    const added = await this.#ask("POST", "actions/runners/register", { url: this.#url.href, ...runner })
    return /** @type {{ id: number, authorization: { authorization_url: string, server_url: string, client_id: string } }} */ (
      /** @type {unknown} */ (added)
    )
  }

  /** @param {number} id */
  async remove(id) {
    await this.#ask("DELETE", `${this.#target}/actions/runners/${id}`)
  }

  get #target() {
    const parts = this.#url.pathname.split("/").filter((part) => part !== "")
    if (parts.length === 1) return `orgs/${parts[0]}`
    return parts[0]?.toLowerCase() === "enterprises" ? parts.join("/") : `repos/${parts.join("/")}`
  }

  /**
   * Asks up to three times, and says each time what was wrong, as the real runner does.
   *
   * @param {string} method
   * @param {string} path
   * @param {unknown} [json]
   * @returns {Promise<Record<string, unknown>>}
   * @throws {Failure}
   */
  async #ask(method, path, json) {
    const url = `${this.#api}/${path}`
    for (let attempt = 1; ; attempt++) {
      let message
      let status = 0
      try {
        const response = await ask(url, {
          method,
          authorization: `RemoteAuth ${this.#token}`,
          ...(json !== undefined && { json }),
        })
        if (response.status < 300) return response.json
        status = response.status
        const name = STATUS_NAMES[status] ?? String(status)
        this.#terminal.error(`Http response code: ${name} from '${method} ${url}' (Request Id: ${response.requestId})`)
        this.#terminal.error(response.text)
        message = `Response status code does not indicate success: ${status} (${words(name)}).`
      } catch (error) {
        message = error instanceof Error ? error.message : String(error)
      }
      if (status === 404 || attempt === TRIES) throw new Failure(message)
      await sleep(this.#seconds.retry * 1000)
    }
  }
}

/**
 * Where the API of a server is: `https://api.github.com`, or `https://HOST/api/v3`.
 *
 * @param {URL} url
 */
function apiOf({ protocol, host, hostname }) {
  const hosted =
    ["github.com", "www.github.com", "github.localhost"].includes(hostname) || /\.ghe\.(com|localhost)$/.test(hostname)
  return hosted && process.env.GITHUB_ACTIONS_RUNNER_FORCE_GHES !== "1"
    ? `${protocol}//api.${host.replace(/^www\./, "")}`
    : `${protocol}//${host}/api/v3`
}

/** `NotFound` ⇒ `Not Found`
 * @param {string} name */
function words(name) {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, " ")
}
