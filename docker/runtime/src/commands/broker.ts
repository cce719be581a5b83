import { constants } from "node:fs"
import type { Socket } from "node:net"
import { join } from "node:path"
import { openAccess } from "../broker/server/access.js"
import { addressText } from "../broker/protocol/connect.js"
import { Leases } from "../broker/server/leases.js"
import { listen } from "../broker/server/listen.js"
import { BrokerServer, SPARE_CONNECTIONS } from "../broker/server/server.js"
import { everyLabel } from "../configuration/labels.js"
import { AGENT_FOLDER, becomeAgent } from "../container/accounts/agent.js"
import type { Environment } from "../environment.js"
import { isAccessible } from "../files/accessible.js"
import { printable } from "../files/printable.js"
import { stateOfBroker } from "../health/broker-state.js"
import { writeState } from "../health/state-file.js"
import { makeStateFolder } from "../health/state-folder.js"
import type { ImagePaths } from "../image-paths.js"
import { log } from "../log.js"
import { performInWorker } from "../operations/worker-process.js"
import { StopRequest, takeSignals } from "../processes/stop-request.js"

/** Characters of a TLS error's message, for the log. */
const LONGEST_MESSAGE = 200

/** In the broker's folder. */
const LEASES = "leases.json"

/**
 * Registers the runners of other containers until it is told to stop.
 *
 * @returns the exit code
 * @throws {RuntimeFailure} when it cannot start listening
 */
export async function broker(environment: Environment, paths: ImagePaths): Promise<number> {
  const stop = new StopRequest()
  const release = takeSignals(stop, (signal) => log.info(`${signal}: stopping`))
  const access = await openAccess(environment, paths, "broker")
  const { configuration, image } = access.setup
  const settings = configuration.broker
  if (!settings) throw new Error("a broker's configuration has no broker in it")
  becomeAgent(paths.root)
  const server = new BrokerServer({
    access,
    settings,
    labels: [...configuration.labels, ...everyLabel(image)],
    leases: new Leases(leasesFile(join(paths.root, AGENT_FOLDER))),
    perform: performInWorker,
    log,
  })
  try {
    const listening = await listen(settings, (stream, peer) => void server.serve(stream, peer))
    // Also those that have shown no certificate yet.
    listening.maxConnections = 2 * (settings.maxRunners + SPARE_CONNECTIONS)
    listening.on("tlsClientError", (error: Error, { remoteAddress = "somebody" }: Socket) =>
      log.warn(
        `${remoteAddress}: the connection was refused before its first request: ${printable(error.message, LONGEST_MESSAGE)}`,
      ),
    )
    log.info(
      `the broker for ${configuration.target?.url ?? "nothing"} listens on ${addressText(settings.address)}, as user ${String(process.getuid?.() ?? 0)}`,
    )
    const folder = makeStateFolder(process.getuid?.() ?? 0, paths.root)
    if (folder !== undefined) writeState(folder, stateOfBroker(new Date()))
    if (!stop.stop.aborted) await new Promise((resolve) => stop.stop.addEventListener("abort", resolve, { once: true }))
    listening.close()
    return 0
  } finally {
    await server.close()
    release()
  }
}

function leasesFile(folder: string): string | undefined {
  if (isAccessible(folder, constants.W_OK | constants.X_OK)) return join(folder, LEASES)
  log.warn(
    `${folder} is not writable: after a restart, the broker will not know which runners it registered and will remove none of them`,
  )
  return undefined
}
