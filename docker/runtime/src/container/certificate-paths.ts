import type { Configuration } from "../configuration/configuration.js"
import type { Environment } from "../environment.js"

/** Files and folders with the user's certificates: EXTRA_CA_CERTS and RUNNER_UPDATE_CA_CERTS, and the one that is meant for Node.js alone. */
export function certificatePaths(
  { caCertificates }: Pick<Configuration, "caCertificates">,
  { NODE_EXTRA_CA_CERTS }: Environment,
): string[] {
  return [...new Set([...caCertificates, ...(NODE_EXTRA_CA_CERTS ? [NODE_EXTRA_CA_CERTS] : [])])]
}
