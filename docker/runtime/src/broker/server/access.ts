import type { Role } from "../../configuration/configuration.js"
import { exposingProcesses } from "../../container/exposed-secrets.js"
import type { Environment } from "../../environment.js"
import type { ImagePaths } from "../../image-paths.js"
import { log } from "../../log.js"
import type { Access } from "../../operations/operation.js"
import { performInWorker } from "../../operations/worker-process.js"

/**
 * Reads the configuration, logs its warnings, and keeps its secrets out of the log.
 *
 * @throws {RuntimeFailure} CONFIGURATION with all errors
 */
export async function openAccess(environment: Environment, paths: ImagePaths, role: Role): Promise<Access> {
  const setup = await performInWorker("readConfiguration", { environment, paths, role })
  for (const secret of setup.secrets) log.hide(secret)
  for (const warning of setup.warnings) log.warn(warning)
  tellExposed(setup.secrets)
  const { authentication, debug, skipRegistration, broker, ...others } = setup.configuration
  if (debug || (skipRegistration && role === "runner")) {
    log.info("configuration:")
    log.info(`  authentication: ${authentication.kind}`)
    if (broker) log.info(`  broker: ${JSON.stringify(broker.address)}`)
    for (const [name, value] of Object.entries(others)) log.info(`  ${name}: ${JSON.stringify(value)}`)
  }
  // With the proxies from ENV_FILE.
  return { setup, environment: { ...environment, ...setup.publicEnvironment }, root: paths.root }
}

function tellExposed(secrets: readonly string[]): void {
  const exposing = exposingProcesses(secrets)
  if (exposing.length === 0) return
  const which = exposing.length === 1 ? `process ${exposing.join()} shows` : `processes ${exposing.join(", ")} show`
  log.warn(
    `jobs can read secrets: ${which} them in /proc. Start the container without --init, since the image has an init process of its own, or pass secrets as files, as in ACCESS_TOKEN_FILE`,
  )
}
