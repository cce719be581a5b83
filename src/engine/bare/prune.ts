import { existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { exec } from "../../host/exec.js"
import { clearWork } from "./artefacts/artefact.js"
import { bootId, checkHost, hostFacts } from "./host/host.js"
import { takeLock } from "./state/lock.js"
import { engineProcess } from "./instance/namespace.js"
import { readRecord, type InstanceRecord } from "./state/record.js"
import { bytesOf, dataFolders, versioned } from "./status.js"
import type { StateFolder } from "./state/state-folder.js"
import { locate } from "./up.js"

export interface Freed {
  what: string
  bytes: number
}

/**
 * Frees disk space: the instance's engine cache, artefacts that no instance uses any more, unfinished work.
 *
 * @returns what was freed, measured on the disk
 */
export async function prune(options: { instance?: string | undefined; log: (line: string) => void }): Promise<Freed[]> {
  checkHost({ ...hostFacts(process.env), proxies: {} })
  const { state, folder } = locate(options.instance)
  if (!existsSync(state.root)) return []
  const lock = await takeLock(state.lock, "engine prune", options.log)
  const freed: Freed[] = []
  try {
    const record = readRecord(folder)
    if (record?.bootId === bootId() && engineProcess(record)) {
      const before = await bytesOf([folder.data])
      options.log("emptying the running engine's cache")
      await exec(record.cli ?? "dagger", ["core", "engine", "local-cache", "prune"], {
        env: { _EXPERIMENTAL_DAGGER_RUNNER_HOST: `unix://${folder.socket}`, DO_NOT_TRACK: "1" },
      })
      freed.push({ what: "engine cache", bytes: Math.max(0, before - (await bytesOf([folder.data]))) })
    } else {
      freed.push(await remove("engine cache", [folder.data]))
    }
    const old = dataFolders(folder.root).filter((path) => path !== folder.data)
    freed.push(await remove("caches of other engine versions", old))
    freed.push(await remove("unused artefacts", unusedArtefacts(state, allRecords(state))))
    const work = await bytesOf([state.work])
    await clearWork(state.work)
    freed.push({ what: "unfinished work", bytes: work })
    return freed
  } finally {
    await lock.release()
  }
}

function allRecords(state: StateFolder): InstanceRecord[] {
  if (!existsSync(state.instances)) return []
  return readdirSync(state.instances).flatMap((name) => readRecord(state.instance(name)) ?? [])
}

/** Artefacts whose key is in no record. A record that was never completed protects nothing. */
export function unusedArtefacts(state: StateFolder, records: readonly Pick<InstanceRecord, "keys">[]): string[] {
  const used = new Set(
    records.flatMap(({ keys }) => [
      ...(keys.binaries === undefined ? [] : [state.binaries(keys.binaries)]),
      ...(keys.content === undefined ? [] : [state.content(keys.content)]),
      ...(keys.emulator === undefined ? [] : [state.emulator(keys.emulator)]),
      ...(keys.bases === undefined ? [] : [state.bases(keys.bases)]),
    ]),
  )
  const shared = existsSync(state.root)
    ? readdirSync(state.root)
        .filter((entry) => /^(emulator|bases)-/.test(entry))
        .map((entry) => join(state.root, entry))
    : []
  return [
    ...shared,
    ...versioned(state, "binaries-"),
    ...versioned(state, "content-"),
    ...versioned(state, "image-programs-"),
  ].filter((path) => !used.has(path))
}

async function remove(what: string, paths: readonly string[]): Promise<Freed> {
  const bytes = await bytesOf(paths)
  for (const path of paths) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  return { what, bytes }
}
