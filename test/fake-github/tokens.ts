import { randomBytes } from "node:crypto"
import type { Target } from "./accounts.js"
import type { Clock } from "./clock.js"

const HOUR = 60 * 60 * 1000

/** What a personal token (classic) may do to runners, by kind of target. */
export const SCOPES = {
  repository: "repo",
  organization: "admin:org",
  enterprise: "manage_runners:enterprise",
} as const

interface Common {
  readonly token: string
  /** In milliseconds since 1970; undefined when it lives for ever. */
  expiresAt?: number
  revoked?: boolean
}

export interface PersonalToken extends Common {
  readonly kind: "personal"
  readonly login: string
  readonly scopes: readonly string[]
  /** Targets that it may see, by their paths; all when undefined. */
  readonly access?: readonly string[]
}

export interface InstallationToken extends Common {
  readonly kind: "installation"
  readonly installation: number
}

/** What a job has as `github.token`: good for its repository's contents, and never for runners. */
export interface JobToken extends Common {
  readonly kind: "job"
}

/** For config.sh. */
export interface RunnerToken extends Common {
  readonly kind: "registration" | "remove"
  readonly target: Target
}

export type Token = PersonalToken | InstallationToken | JobToken | RunnerToken

/** Every token that the server ever gave or was told of. */
export class Tokens {
  readonly #clock: Clock
  readonly #tokens = new Map<string, Token>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  addPersonal(options: Partial<Omit<PersonalToken, "kind">> = {}): PersonalToken {
    return this.#add({
      token: `ghp_${randomText(36)}`,
      login: "octocat",
      scopes: Object.values(SCOPES),
      ...options,
      kind: "personal",
    })
  }

  /** https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app: lives an hour. */
  createForInstallation(installation: number): InstallationToken {
    return this.#add({
      kind: "installation",
      token: `ghs_${randomText(36)}`,
      installation,
      expiresAt: this.#clock.now() + HOUR,
    })
  }

  /** https://docs.github.com/actions/concepts/security/github_token */
  createForJob(): JobToken {
    return this.#add({ kind: "job", token: `ghs_${randomText(36)}`, expiresAt: this.#clock.now() + HOUR })
  }

  /** https://docs.github.com/rest/actions/self-hosted-runners#create-a-registration-token-for-a-repository: lives an hour. */
  createForRunner(kind: RunnerToken["kind"], target: Target): RunnerToken {
    return this.#add({ kind, token: randomText(29).toUpperCase(), target, expiresAt: this.#clock.now() + HOUR })
  }

  #add<T extends Token>(token: T): T {
    this.#tokens.set(token.token, token)
    return token
  }

  /** The token, unless it is revoked or expired. */
  find(text: string): Token | undefined {
    const token = this.#tokens.get(text)
    if (!token || token.revoked) return undefined
    return token.expiresAt !== undefined && token.expiresAt <= this.#clock.now() ? undefined : token
  }

  /** @returns how many there were */
  revoke(which: { token?: string | undefined; kind?: Token["kind"] | undefined }): number {
    return this.#change(which, (token) => (token.revoked = true))
  }

  /** @returns how many there were */
  expire(which: { token?: string | undefined; kind?: Token["kind"] | undefined }): number {
    return this.#change(which, (token) => (token.expiresAt = this.#clock.now()))
  }

  #change(
    { token, kind }: { token?: string | undefined; kind?: Token["kind"] | undefined },
    change: (token: Token) => void,
  ): number {
    const found = [...this.#tokens.values()].filter(
      (candidate) =>
        (token === undefined || candidate.token === token) && (kind === undefined || candidate.kind === kind),
    )
    found.forEach(change)
    return found.length
  }

  /** All, for the administrator. */
  list(): readonly Token[] {
    return [...this.#tokens.values()]
  }
}

function randomText(length: number): string {
  return randomBytes(length).toString("hex").slice(0, length)
}
