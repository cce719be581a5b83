import type { Configuration } from "../../configuration/configuration.js"
import { GitHubClient } from "../../github/client.js"
import { credentialFor, type Credential } from "../../github/credential.js"
import type { Log } from "../../log.js"

/** GitHub's API as the checks ask it. */
export interface GitHub {
  client: GitHubClient
  credential: Credential
}

/** A diagnosis does not wait until a fault is gone. */
const IMPATIENT = { request: 10_000, window: 0, unknownHost: 0, rateLimit: 0 }

/** @returns undefined where the configuration has no credentials for the API */
export function githubFor(configuration: Configuration, imageVersion: string, log: Log): GitHub | undefined {
  const client = new GitHubClient(configuration.api, {
    log,
    userAgent: `runner-images/${imageVersion}`,
    limits: IMPATIENT,
  })
  const credential = credentialFor(configuration, client, log)
  return credential && { client, credential }
}
