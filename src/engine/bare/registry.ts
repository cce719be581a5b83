import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { exec } from "../exec.js"
import { childEnvironment } from "./environment.js"
import { listens } from "./network.js"
import { findMarked, isRunning, startDetached, stopProcess } from "./process.js"
import { writeRecord, type InstanceRecord, type RecordedProcess } from "./record.js"
import type { InstanceFolder } from "./state-folder.js"
import { BASE_REPOSITORY, BASE_TAG } from "./version.js"

/** The marker of an instance's registry, beside that of its engine. */
export function registryMarker(record: InstanceRecord): string {
  return `${record.marker}-registry`
}

/** Starts the writable registry on the host's loopback, unless it runs. */
export async function startRegistry(folder: InstanceFolder, record: InstanceRecord, program: string): Promise<void> {
  const running = registryProcess(record)
  if (running) {
    record.processes.registry = running
    return
  }
  if (await listens(record.registryPort)) throw portTaken(record.registryPort)
  const env = childEnvironment(folder, registryMarker(record))
  const started = await startDetached(program, ["serve", join(folder.config, "registry-writable.json")], {
    env,
    logFile: folder.registryLog,
  })
  record.processes.registry = started
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
}

/** The registry's process, whether or not its number was written down before this program was killed. */
export function registryProcess(record: InstanceRecord): RecordedProcess | undefined {
  const known = record.processes.registry
  return known && isRunning(known) ? known : findMarked(registryMarker(record))[0]
}

export async function stopRegistry(folder: InstanceFolder, record: InstanceRecord): Promise<void> {
  for (let left = registryProcess(record); left; left = registryProcess(record)) await stopProcess(left, 10)
  delete record.processes.registry
  writeRecord(folder, record)
}

export function portTaken(port: number): RunnerImagesError {
  return new RunnerImagesError(
    "ENGINE_PORT",
    `Port ${port} of 127.0.0.1, where the local registry listens, is taken by another program.`,
    `Choose another one: runner-images engine up --registry-port ${port + 1}, or set RUNNER_IMAGES_REGISTRY_PORT. ss -ltnp 'sport = :${port}' shows who has it.`,
  )
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/v2/`)).ok
  } catch {
    return false
  }
}

/** Puts the base images into the registry, unless they are there. */
export async function pushBases(record: InstanceRecord, layout: string, digest: string): Promise<void> {
  const address = `127.0.0.1:${record.registryPort}`
  const there = await fetch(`http://${address}/v2/${BASE_REPOSITORY}/manifests/${BASE_TAG}`, {
    method: "HEAD",
    headers: { accept: "application/vnd.oci.image.index.v1+json" },
  })
  if (there.headers.get("docker-content-digest") === digest) return
  await exec("skopeo", [
    "--insecure-policy",
    "copy",
    "--quiet",
    "--all",
    "--preserve-digests",
    "--dest-tls-verify=false",
    `oci:${layout}:${BASE_TAG}`,
    `docker://${address}/${BASE_REPOSITORY}:${BASE_TAG}`,
  ])
}
