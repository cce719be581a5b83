import { createPrivateKey, type KeyObject } from "node:crypto"
import githubAppJwt from "universal-github-app-jwt"
import * as z from "zod"
import type { Configuration } from "../configuration/configuration.js"
import { RuntimeFailure } from "../failure.js"
import type { Log } from "../log.js"
import type { GitHubClient } from "./client.js"
import { permissionFor } from "./permission.js"
import { serverTime } from "./rate-limit.js"

type Target = NonNullable<Configuration["target"]>
export type AppAuthentication = Extract<Configuration["authentication"], { kind: "app" }>

/** Where an App may be installed, found by its login: `APP_LOGIN` does not say which kind of account it is. */
const ACCOUNTS = ["orgs", "users"] as const

const INSTALLATION = z.object({ id: z.number() })
const ACCESS_TOKEN = z.object({ token: z.string().min(1) })

/** Seconds that GitHub's clock may differ before a token is signed by its time instead: the library allows for 30. */
const TOLERATED = 20

/**
 * A GitHub App that requests runners' tokens. Nothing is cached: an installation's token is valid for an hour, and a runner lives longer.
 *
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
 */
export class App {
  readonly #authentication: AppAuthentication
  readonly #target: Target
  readonly #client: GitHubClient
  readonly #log: Log
  /** How far GitHub's clock is ahead of this machine's, in seconds, once it turned out to matter. */
  #ahead = 0

  constructor(authentication: AppAuthentication, target: Target, client: GitHubClient, log: Log) {
    this.#authentication = authentication
    this.#target = target
    this.#client = client
    this.#log = log
  }

  /**
   * A fresh token of the App's installation.
   *
   * @throws {RuntimeFailure} NOT_FOUND when the App is not installed there, TOKEN_INVALID when GitHub does not accept its key, else as
   * GitHubClient.request
   */
  async installationToken(signal?: AbortSignal): Promise<string> {
    const id = await this.#installation(signal)
    const { token } = await this.#ask(
      {
        method: "POST",
        path: `app/installations/${String(id)}/access_tokens`,
        answer: ACCESS_TOKEN,
        what: `a token of installation ${String(id)} of App ${this.#authentication.id}`,
      },
      signal,
    )
    this.#log.hide(token)
    return token
  }

  async #installation(signal?: AbortSignal): Promise<number> {
    const { login, id } = this.#authentication
    const paths =
      login === undefined ? [this.#target.path] : ACCOUNTS.map((kind) => `${kind}/${encodeURIComponent(login)}`)
    for (const path of paths) {
      const found = await this.#ask(
        {
          method: "GET",
          path: `${path}/installation`,
          answer: INSTALLATION.nullable(),
          accept: { 404: null },
          what: `the installation of App ${id} for ${path}`,
        },
        signal,
      )
      if (found) return found.id
    }
    throw new RuntimeFailure(
      "NOT_FOUND",
      `App ${id} is not installed for ${login ?? this.#target.path}`,
      this.#target.scope === "enterprise"
        ? "GitHub Apps cannot register runners of an enterprise: set ACCESS_TOKEN to a personal token (classic) with the scope manage_runners:enterprise."
        : "Install it there, with access to the repository, or set APP_LOGIN to the account that has it.",
    )
  }

  /** Sends a request as the App itself. Signs again with GitHub's time if the clocks differ, as the answer's `Date` shows. */
  async #ask<T>(
    request: Pick<Parameters<GitHubClient["request"]>[0], "method" | "path" | "what"> & {
      readonly answer: z.ZodType<T>
      readonly accept?: Readonly<Record<number, T>>
    },
    signal?: AbortSignal,
  ): Promise<T> {
    let ahead = 0
    const attempt = async (): Promise<T> =>
      await this.#client.request<T>({
        ...request,
        authorization: `Bearer ${await this.#signed()}`,
        permission: permissionFor(this.#target, this.#authentication),
        credentials:
          "APP_ID and APP_PRIVATE_KEY must belong to the same App, and the key must not be deleted in its settings.",
        signal,
        onAnswer: ({ headers }) => (ahead = Math.round((serverTime(headers) - Date.now()) / 1000)),
      })
    try {
      return await attempt()
    } catch (error) {
      const refused = error instanceof RuntimeFailure && error.code === "TOKEN_INVALID"
      if (!refused || Math.abs(ahead - this.#ahead) <= TOLERATED) throw error
      this.#log.warn(
        `the clock of this machine is ${String(Math.abs(ahead))} s ${ahead > 0 ? "behind" : "ahead of"} GitHub's; signing by GitHub's time`,
      )
      this.#ahead = ahead
      return await attempt()
    }
  }

  async #signed(): Promise<string> {
    const { id } = this.#authentication
    const { token } = await githubAppJwt<string>({
      id,
      // With WebCrypto, the library does not accept keys in the form that GitHub issues.
      privateKey: this.#key().export({ type: "pkcs8", format: "pem" }).toString(),
      now: Math.floor(Date.now() / 1000) + this.#ahead,
    })
    this.#log.hide(token)
    return token
  }

  #key(): KeyObject {
    try {
      return createPrivateKey(this.#authentication.privateKey)
    } catch {
      // Node's own message is left out: it may quote the key.
      throw new RuntimeFailure(
        "CONFIGURATION",
        "APP_PRIVATE_KEY is not a private key",
        "Give the .pem file that GitHub created for the App, with APP_PRIVATE_KEY_FILE or as text, with \\n for line breaks if needed.",
      )
    }
  }
}
