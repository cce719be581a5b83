import { compactVerify, decodeJwt, type JWTPayload } from "jose"
import { randomBytes } from "node:crypto"
import type { Answer, Request, Route } from "../message.js"
import { Refusal } from "../refusal.js"
import type { Runner } from "../runners.js"
import type { State } from "../state.js"

/** Seconds. */
const LIFETIME = 3000
/** Seconds that a runner's clock may be off. */
const TOLERATED = 300

/**
 * Access tokens of runners: what config.sh wrote stands for the runner, and with its key it signs a request for a token (RFC 7523). A
 * runner that is gone is told `invalid_client`.
 */
export class AccessTokens {
  readonly #state: State
  readonly #tokens = new Map<string, { clientId: string; expiresAt: number }>()

  constructor(state: State) {
    this.#state = state
  }

  routes(): Route[] {
    return [["POST", "/_services/oauth2/token", (request) => this.#grant(request)]]
  }

  /**
   * The runner that asks.
   *
   * @throws {Refusal} 401 without a token that counts
   */
  runner(request: Request): Runner {
    const [, text = ""] = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "") ?? []
    const token = this.#tokens.get(text)
    const runner =
      token && token.expiresAt > this.#state.clock.now() ? this.#state.runners.findByClient(token.clientId) : undefined
    if (!token) throw new Refusal(401, "Unauthorized")
    if (!runner) throw new RunnerGone()
    return runner
  }

  async #grant(request: Request): Promise<Answer> {
    const assertion = new URLSearchParams(request.body).get("client_assertion") ?? ""
    const claims = claimsOf(assertion)
    const runner = this.#state.runners.findByClient(claims?.iss ?? "")
    if (!claims || !runner) return oauthError("invalid_client", "The client is not registered.")
    try {
      await compactVerify(assertion, runner.publicKey, { algorithms: ["RS256", "PS256"] })
    } catch {
      return oauthError("invalid_client", "The signature does not fit.")
    }
    const now = this.#state.clock.now() / 1000
    const server = this.#state.clock.date().toISOString()
    if (Number(claims.exp) + TOLERATED < now)
      return oauthError(
        "invalid_grant",
        `The bearer token expired on ${time(claims.exp)}. Current server time is ${server}.`,
      )
    if (Number(claims.nbf) - TOLERATED > now)
      return oauthError(
        "invalid_grant",
        `The bearer token is not valid until ${time(claims.nbf)}. Current server time is ${server}.`,
      )
    const token = randomBytes(24).toString("hex")
    this.#tokens.set(token, { clientId: runner.clientId, expiresAt: this.#state.clock.now() + LIFETIME * 1000 })
    return { status: 200, body: { access_token: token, token_type: "Bearer", expires_in: LIFETIME } }
  }
}

/** A runner that was removed, or replaced by another machine's. */
export class RunnerGone extends Refusal {
  constructor() {
    super(404, "The runner is not registered.")
  }

  override get body(): unknown {
    return {
      source: "actions-broker-listener",
      errorKind: "RunnerNotFound",
      statusCode: 404,
      errorMessage: this.message,
      message: this.message,
    }
  }
}

function oauthError(error: string, description: string): Answer {
  return { status: 400, body: { error, error_description: description } }
}

function time(seconds: unknown): string {
  return new Date(Number(seconds) * 1000).toISOString()
}

function claimsOf(assertion: string): JWTPayload | undefined {
  try {
    return decodeJwt(assertion)
  } catch {
    return undefined
  }
}
