import { basename, dirname } from "node:path"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { bootId } from "../host/host.js"
import { readHostState } from "../state/host-state.js"
import { isRunning } from "../host/process.js"
import { checkSocket, logLines } from "./namespace.js"
import { readRecord, type InstanceRecord } from "../state/record.js"
import { checkListener } from "./registry.js"
import { REGISTRY_USER, registryPassword } from "./registry-password.js"
import { InstanceFolder } from "../state/state-folder.js"
import { BASE_NAME } from "../state/version.js"

interface Instance {
  folder: InstanceFolder
  record: InstanceRecord
}

/** The instances that are up on this machine, in any state folder. */
function instances(): Instance[] {
  return Object.entries(readHostState().instances).flatMap(([id, { record: path }]) => {
    const folder = new InstanceFolder(basename(dirname(path)), dirname(path), id)
    const record = readRecord(folder)
    return record?.bootId === bootId() ? [{ folder, record }] : []
  })
}

/**
 * The digests that builds on an engine start from, if it is a bare engine of this machine.
 *
 * @param address as in _EXPERIMENTAL_DAGGER_RUNNER_HOST
 * @returns the digest by the base's name, or undefined for any other engine
 * @throws RunnerImagesError ENGINE_STATE when another program has taken the place of the engine's socket
 */
export function recordedBases(address: string): Readonly<Record<string, string>> | undefined {
  const known = instances().find(({ folder }) => address === `unix://${folder.socket}`)
  if (!known) return undefined
  checkSocket(known.folder, known.record)
  return known.record.baseDigest === undefined ? undefined : { [BASE_NAME]: known.record.baseDigest }
}

/** The version of the bare engine of this machine that an address leads to; undefined for any other engine. */
export function versionAt(address: string): string | undefined {
  return instances().find(({ folder }) => address === `unix://${folder.socket}`)?.record.engineVersion
}

export interface EngineEnd {
  /** A sentence. */
  problem: string
  /** The lines of its log that say why. */
  log: string[]
}

/**
 * How a bare engine of this machine that no longer runs came to its end.
 *
 * @param address as in _EXPERIMENTAL_DAGGER_RUNNER_HOST
 * @returns undefined when it runs, was taken down, or is none of this machine's
 */
export function engineEnd(address: string): EngineEnd | undefined {
  const known = instances().find(({ folder }) => address === `unix://${folder.socket}`)
  const engine = known?.record.processes.engine
  if (!known || !engine || isRunning(engine)) return undefined
  return { problem: `The engine of instance ${known.record.name} has ended.`, log: logLines(known.folder) }
}

export interface RegistryLogin {
  username: string
  password: string
  /** Where the password is, which only root can read. */
  passwordFile: string
}

/**
 * The credentials of a bare engine's registry on this machine, after checking which process really listens on the port.
 *
 * @returns undefined when no instance's registry should listen there
 * @throws RunnerImagesError ENGINE_PORT when another program has the port, AUTHENTICATION when the password cannot be read
 */
export function registryLogin(port: number): RegistryLogin | undefined {
  const known = instances().find(({ record }) => record.registryPort === port && record.registryConfig !== undefined)
  if (!known) return undefined
  const { folder, record } = known
  const password = process.getuid?.() === 0 ? registryPassword(folder) : undefined
  if (password === undefined)
    throw new RunnerImagesError(
      "AUTHENTICATION",
      `The registry on 127.0.0.1:${port} belongs to engine instance ${record.name}, and its password in ${folder.registryPassword} cannot be read.`,
      "Run this command as root, like the engine.",
    )
  checkListener(record)
  return { username: REGISTRY_USER, password, passwordFile: folder.registryPassword }
}
