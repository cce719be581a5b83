import type { Configuration } from "../configuration/configuration.js"
import type { Log } from "../log.js"
import { App } from "./app.js"
import type { GitHubClient } from "./client.js"

/** Gives the `Authorization` header for a request to GitHub's API. A fresh one each time where they expire. */
export type Credential = (signal?: AbortSignal) => Promise<string>

/** The credential for the API, or undefined when there is none: a registration token is valid only for a registration. */
export function credentialFor(configuration: Configuration, client: GitHubClient, log: Log): Credential | undefined {
  const { authentication, target } = configuration
  switch (authentication.kind) {
    case "token":
      return () => Promise.resolve(`Bearer ${authentication.token}`)
    case "app": {
      if (!target) return undefined
      const app = new App(authentication, target, client, log)
      return async (signal) => `Bearer ${await app.installationToken(signal)}`
    }
    default:
      return undefined
  }
}
