import * as z from "zod"
import type { Configuration } from "../configuration/configuration.js"
import { RuntimeFailure } from "../failure.js"
import { GitHubClient, type ClientOptions } from "./client.js"
import { credentialFor } from "./credential.js"
import { permissionFor } from "./permission.js"

const RUNNER_TOKEN = z.object({ token: z.string().min(1) })

/** Where tokens for config.sh come from. GitHub's live an hour, so that each call gets a new one. */
export interface TokenSource {
  /** @throws {RuntimeFailure} as GitHubClient.request; the signal's reason when aborted */
  registrationToken(signal?: AbortSignal): Promise<string>
  /** Undefined when nothing is given that would get one. Throws as registrationToken. */
  removalToken(signal?: AbortSignal): Promise<string | undefined>
}

/**
 * The source of tokens that the configuration describes.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners#create-a-registration-token-for-a-repository
 */
export function tokenSource(configuration: Configuration, options: ClientOptions): TokenSource {
  const { authentication, target } = configuration
  if (authentication.kind === "registration-token") {
    const { token } = authentication
    return { registrationToken: () => Promise.resolve(token), removalToken: () => Promise.resolve(undefined) }
  }
  const client = new GitHubClient(configuration.api, options)
  const credential = credentialFor(configuration, client, options.log)
  if (!credential || !target) return NOTHING
  const ask = async (kind: "registration" | "remove", signal?: AbortSignal): Promise<string> => {
    const { token } = await client.request({
      method: "POST",
      path: `${target.path}/actions/runners/${kind}-token`,
      authorization: await credential(signal),
      answer: RUNNER_TOKEN,
      what: `a ${kind === "remove" ? "removal" : kind} token for ${target.path}`,
      permission: permissionFor(target, authentication),
      signal,
    })
    options.log.hide(token)
    return token
  }
  return {
    registrationToken: (signal) => ask("registration", signal),
    removalToken: (signal) => ask("remove", signal),
  }
}

/** For a runner that was registered by someone else, just in time, or not at all. */
const NOTHING: TokenSource = {
  registrationToken: () =>
    Promise.reject(
      new RuntimeFailure(
        "CONFIGURATION",
        "there is nothing to get a registration token with",
        "Give ACCESS_TOKEN, RUNNER_TOKEN, or APP_ID with APP_PRIVATE_KEY.",
      ),
    ),
  removalToken: () => Promise.resolve(undefined),
}
