import { randomUUID, sign } from "node:crypto"
import { hide } from "./secrets.mjs"
import { ask } from "./http.mjs"

/** Seconds that a request for a token is good for. */
const LIFETIME = 300

/** The server knows no such runner, or no such key. */
export class RegistrationGone extends Error {
  /** @override */
  name = "RegistrationGone"
}

/** This machine's clock and the server's are too far apart. */
export class ClockSkewed extends Error {
  /** @override */
  name = "ClockSkewed"
}

/** Gets access tokens for what config.sh wrote down, by RFC 7523: a request signed with the runner's key. */
export class AccessTokenSource {
  #credentials
  #key
  /** @type {{ header: string, until: number } | undefined} */
  #current

  /**
   * @param {import("./configuration.mjs").Credentials} credentials
   * @param {import("node:crypto").KeyObject} key
   */
  constructor(credentials, key) {
    this.#credentials = credentials
    this.#key = key
  }

  /**
   * The header's value. A new token when there is none, or it is about to expire.
   *
   * @param {AbortSignal} [signal]
   * @returns {Promise<string>}
   * @throws {RegistrationGone | ClockSkewed | Error}
   */
  async authorization(signal) {
    if (this.#current && Date.now() < this.#current.until) return this.#current.header
    const { authorizationUrl } = this.#credentials.data
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: this.#assertion(),
    })
    const { status, json } = await ask(authorizationUrl, { method: "POST", form, ...(signal && { signal }) })
    if (status === 200) {
      const token = String(json.access_token)
      hide(token)
      this.#current = { header: `Bearer ${token}`, until: Date.now() + Number(json.expires_in) * 1000 - 60_000 }
      return this.#current.header
    }
    const description = String(json.error_description ?? `the server answered ${status}`)
    if (json.error === "invalid_client") throw new RegistrationGone(description)
    throw /Current server time is/.test(description) ? new ClockSkewed(description) : new Error(description)
  }

  /** Forgets the token, after the server did not take it. */
  forget() {
    this.#current = undefined
  }

  #assertion() {
    const { clientId, authorizationUrl } = this.#credentials.data
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: authorizationUrl,
      jti: randomUUID(),
      nbf: now,
      exp: now + LIFETIME,
    }
    const signed = [{ alg: "RS256", typ: "JWT" }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".")
    return `${signed}.${sign("sha256", Buffer.from(signed), this.#key).toString("base64url")}`
  }
}
