import { constants, statSync } from "node:fs"
import { createConnection } from "node:net"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import type { Environment } from "../environment.js"
import { RuntimeFailure } from "../failure.js"
import { isAccessible } from "../files/accessible.js"

const DEFAULT = "unix:///var/run/docker.sock"
const UNIX = "unix://"

/** Where jobs reach Docker: a socket's path, or the host and port of `tcp://HOST:PORT`. */
export type DockerAddress = { readonly path: string } | { readonly host: string; readonly port: number }

/** Undefined for what cannot be connected to from here, like `ssh://`. */
export function dockerAddress({ DOCKER_HOST }: Environment): DockerAddress | undefined {
  const text = DOCKER_HOST !== undefined && DOCKER_HOST !== "" ? DOCKER_HOST : DEFAULT
  if (text.startsWith(UNIX)) return { path: text.slice(UNIX.length) }
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname, port } = new URL(text)
  if (!/^(?:tcp|https?):$/.test(protocol)) return undefined
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || "2375") }
}

/** The group that may use the socket; undefined when there is no socket. */
export function socketGroup(address: DockerAddress | undefined): number | undefined {
  if (!address || !("path" in address)) return undefined
  return statSync(address.path, { throwIfNoEntry: false })?.gid
}

/** The warning about a socket that was mounted for jobs but that they cannot use. */
export function socketWarning(address: DockerAddress | undefined): string | undefined {
  const group = socketGroup(address)
  if (!address || !("path" in address) || group === undefined) return undefined
  if (isAccessible(address.path, constants.R_OK | constants.W_OK)) return undefined
  return `jobs cannot use Docker: ${address.path} belongs to group ${group}, which this user is not in. Start the container with --group-add ${group} (Compose: group_add, Kubernetes: supplementalGroups)`
}

/**
 * Waits until a daemon answers there.
 *
 * @throws {RuntimeFailure} UNCLASSIFIED when nothing did; the signal's reason when aborted
 */
export async function waitForDocker(address: DockerAddress, seconds: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const problem = await connectionError(address, TIMEOUT)
    if (problem === undefined) return
    if (performance.now() >= end)
      throw new RuntimeFailure(
        "UNCLASSIFIED",
        `Docker did not answer within ${seconds} s: ${problem.message}`,
        "Start the daemon, mount its socket or set DOCKER_HOST; or wait longer with WAIT_FOR_DOCKER_SECONDS, or not at all with 0.",
      )
    await sleep(500, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

const TIMEOUT = 2000

/**
 * Why nothing answers there; undefined if something does.
 *
 * @param timeout in milliseconds
 */
export async function connectionError(address: DockerAddress, timeout: number): Promise<Error | undefined> {
  const socket = createConnection(address)
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(timeout) })
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    socket.destroy()
  }
}
