import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { attempt } from "../../host/exec.js"
import { bootId } from "./host/host.js"
import { answersOn, engineProcess } from "./instance/namespace.js"
import { installedByUs } from "./artefacts/host-packages.js"
import { readRecord } from "./state/record.js"
import { registryProcess } from "./instance/registry.js"
import type { InstanceFolder, StateFolder } from "./state/state-folder.js"
import { locate } from "./up.js"
import { BASE_REPOSITORY, BASE_TAG } from "./state/version.js"

export interface EngineStatus {
  instance: string
  /** `running` answers; `starting` has a process that does not answer; `stopped` has none. */
  state: "running" | "starting" | "stopped"
  version?: string
  socket?: string
  /** host:port, while the registry runs. */
  registry?: string
  /** File with the registry's password, which only root can read. */
  registryPasswordFile?: string
  /** The base image's name and digest. */
  base?: string
  uptimeSeconds?: number
  stateFolder: string
  disk: { part: string; bytes: number }[]
  /** Packages that an earlier `up` installed. */
  packages: string[]
}

export async function status(instance: string | undefined): Promise<EngineStatus> {
  const { state, folder } = locate(instance)
  const record = readRecord(folder)
  const common = { instance: folder.name, stateFolder: state.root, packages: installedByUs(state) }
  const disk = await diskUse(state, folder)
  if (!record || record.bootId !== bootId() || !engineProcess(record)) return { ...common, state: "stopped", disk }
  return {
    ...common,
    state: (await answersOn(folder.socket)) ? "running" : "starting",
    version: record.engineVersion,
    socket: folder.socket,
    ...(registryProcess(record)
      ? { registry: `127.0.0.1:${record.registryPort}`, registryPasswordFile: folder.registryPassword }
      : {}),
    ...(record.baseDigest === undefined ? {} : { base: `${BASE_REPOSITORY}:${BASE_TAG}@${record.baseDigest}` }),
    ...(record.startedAt === undefined
      ? {}
      : { uptimeSeconds: Math.round((Date.now() - Date.parse(record.startedAt)) / 1000) }),
    disk,
  }
}

/** The disk space that each part takes, with the parts of other instances under one name. */
export async function diskUse(state: StateFolder, folder: InstanceFolder): Promise<{ part: string; bytes: number }[]> {
  const parts: [string, string[]][] = [
    ["engine cache", dataFolders(folder.root)],
    ["registry", [folder.registryStorage]],
    ["other instances", below(state.instances).filter((path) => path !== folder.root)],
    ["engine and CLI", ["binaries-", "image-programs-"].flatMap((prefix) => versioned(state, prefix))],
    ["SDK contents", versioned(state, "content-")],
    ["emulator", below(state.root).filter((path) => /\/emulator-[^/]+$/.test(path))],
    ["base images", below(state.root).filter((path) => /\/bases-[^/]+$/.test(path))],
    ["work", [state.work]],
  ]
  return Promise.all(parts.map(async ([part, paths]) => ({ part, bytes: await bytesOf(paths) })))
}

function below(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((entry) => join(folder, entry)) : []
}

export function versioned(state: StateFolder, prefix: string): string[] {
  return below(state.root)
    .filter((path) => /\/v\d[^/]*$/.test(path))
    .flatMap(below)
    .filter((path) => path.slice(path.lastIndexOf("/") + 1).startsWith(prefix))
}

/** The engine's caches in an instance's folder, those of other engine versions included. */
export function dataFolders(instanceRoot: string): string[] {
  return below(instanceRoot).filter((path) => /\/data-[^/]+$/.test(path))
}

export async function bytesOf(paths: readonly string[]): Promise<number> {
  const existing = paths.filter((path) => existsSync(path))
  if (existing.length === 0) return 0
  // Files vanish while an engine runs: du then complains, but still adds up the rest.
  const { stdout } = await attempt("du", ["-sxc", "--block-size=1", ...existing])
  return Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1] ?? 0)
}
