import * as z from "zod"
import type { Configuration } from "../configuration/configuration.js"
import { RuntimeFailure } from "../failure.js"
import { GitHubClient, type ClientOptions } from "./client.js"
import { credentialFor } from "./credential.js"
import { permissionFor } from "./permission.js"

const RUNNER_TOKEN = z.object({ token: z.string().min(1) })

/**
 * Returns a token for config.sh. GitHub's tokens are valid for an hour, so each call requests a new one.
 *
 * @throws {RuntimeFailure} as GitHubClient.request; the signal's reason when aborted
 */
export type TokenSource = (signal?: AbortSignal) => Promise<string>

/**
 * The source of registration tokens that the configuration describes.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners#create-a-registration-token-for-a-repository
 */
export function tokenSource(configuration: Configuration, options: ClientOptions): TokenSource {
  const { authentication, target } = configuration
  if (authentication.kind === "registration-token") {
    const { token } = authentication
    return () => Promise.resolve(token)
  }
  const client = new GitHubClient(configuration.api, options)
  const credential = credentialFor(configuration, client, options.log)
  if (!credential || !target) return nothing
  return async (signal) => {
    const { token } = await client.request({
      method: "POST",
      path: `${target.path}/actions/runners/registration-token`,
      authorization: await credential(signal),
      answer: RUNNER_TOKEN,
      what: `a registration token for ${target.path}`,
      permission: permissionFor(target, authentication),
      signal,
    })
    options.log.hide(token)
    return token
  }
}

/** For a runner that was registered by someone else, just in time, or not at all. */
function nothing(): Promise<string> {
  return Promise.reject(
    new RuntimeFailure(
      "CONFIGURATION",
      "there is no credential to get a registration token with",
      "Set ACCESS_TOKEN, RUNNER_TOKEN, or APP_ID with APP_PRIVATE_KEY.",
    ),
  )
}
