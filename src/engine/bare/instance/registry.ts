import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { get } from "node:http"
import { basename, dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { writableRegistryConfig } from "./config.js"
import { childEnvironment } from "./environment.js"
import { listensItself, occupantOf } from "./listener.js"
import { listens } from "../host/network.js"
import { findMarked, isRunning, startDetached, stopProcess } from "../host/process.js"
import { writeRegistryPassword } from "./registry-password.js"
import { writeRecord, type InstanceRecord, type RecordedProcess } from "../state/record.js"
import type { InstanceFolder } from "../state/state-folder.js"

/** The marker of an instance's registry, beside that of its engine. */
export function registryMarker(record: InstanceRecord): string {
  return `${record.marker}-registry`
}

/** Compared with a running registry's: one that another version of this program started may accept writes from everybody. */
export function registryConfigKey(folder: InstanceFolder, record: InstanceRecord): string {
  return createHash("sha256").update(writableRegistryConfig(folder, record.registryPort)).digest("hex").slice(0, 16)
}

/** Starts the registry on the host's loopback, unless it already runs with this configuration. */
export async function startRegistry(folder: InstanceFolder, record: InstanceRecord, program: string): Promise<void> {
  const running = registryProcess(record)
  const config = registryConfigKey(folder, record)
  if (running && record.registryConfig === config) {
    record.processes.registry = running
    checkListener(record)
    return
  }
  await stopRegistry(folder, record)
  writeRegistryPassword(folder)
  if (await listens(record.registryPort)) throw portTaken(record.registryPort)
  const env = childEnvironment(folder, registryMarker(record))
  const started = await startDetached(program, ["serve", join(folder.config, "registry-writable.json")], {
    env,
    logFile: folder.registryLog,
  })
  record.processes.registry = started
  record.registryConfig = config
  writeRecord(folder, record)
  for (let tries = 0; !(await answers(record.registryPort)); tries++) {
    if (!isRunning(started) || tries > 200) {
      await stopProcess(started, 1)
      throw new RunnerImagesError(
        "ENGINE_START",
        `The local registry did not start: ${readFileSync(folder.registryLog, "utf8").trim().split("\n").slice(-5).join("\n")}`,
        `Its log is ${folder.registryLog}.`,
      )
    }
    await sleep(50)
  }
  checkListener(record)
}

/**
 * Checks that the process that listens on the registry's port is the one that was started for it. Any other process there gets
 * neither images nor the password.
 *
 * @throws RunnerImagesError ENGINE_PORT with the process that has the port
 */
export function checkListener(record: InstanceRecord): void {
  const own = registryProcess(record)
  if (own && listensItself(own, record.registryPort)) return
  const occupant = occupantOf(record.registryPort)
  throw new RunnerImagesError(
    "ENGINE_PORT",
    `The registry of engine instance ${record.name} should listen on port ${record.registryPort} of 127.0.0.1, but ${occupant === undefined ? "nothing listens" : `${occupant} listens`} there.`,
    "Nothing was sent there. End that program, then run: runner-images engine down, and engine up again.",
  )
}

/** The registry's process, even if this program was killed before it recorded the process ID. */
export function registryProcess(record: InstanceRecord): RecordedProcess | undefined {
  const known = record.processes.registry
  return known && isRunning(known) ? known : findMarked(registryMarker(record))[0]
}

export async function stopRegistry(folder: InstanceFolder, record: InstanceRecord): Promise<void> {
  for (let left = registryProcess(record); left; left = registryProcess(record)) await stopProcess(left, 10)
  delete record.processes.registry
  writeRecord(folder, record)
}

/**
 * The error for a port that cannot be had.
 *
 * @param reservedBy path of the record of the engine instance that has reserved the port, which it does until it is taken down, whether it
 *   runs or not
 */
export function portTaken(port: number, reservedBy?: string): RunnerImagesError {
  const where = `Port ${port} of 127.0.0.1, where the local registry listens,`
  const another = `runner-images engine up --registry-port ${port === 65535 ? port - 1 : port + 1}, or set RUNNER_IMAGES_REGISTRY_PORT`
  if (reservedBy !== undefined) {
    const name = basename(dirname(reservedBy))
    return new RunnerImagesError(
      "ENGINE_PORT",
      `${where} is reserved for engine instance ${name}, whose record is ${reservedBy}.`,
      `Take that instance down: runner-images engine down --instance ${name}. Or choose another port: ${another}.`,
    )
  }
  return new RunnerImagesError(
    "ENGINE_PORT",
    `${where} is taken by another program${byWhom(port)}.`,
    `Choose another one: ${another}. ss -ltnp 'sport = :${port}' shows which process uses it.`,
  )
}

function byWhom(port: number): string {
  const occupant = occupantOf(port)
  return occupant === undefined ? "" : `: ${occupant}`
}

/**
 * Whether a registry answers on a port of the host's loopback, and requires its password even for that. Not asked with `fetch`, which refuses
 * some ports, such as 5060 and 5061.
 */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: "127.0.0.1", port, path: "/v2/", agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 401)
    }).once("error", () => {
      resolve(false)
    })
  })
}
