import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs"
import { z } from "zod"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { writeFileAtomic } from "./atomic-file.js"
import { takeLock } from "./lock.js"

/**
 * What all instances on this machine share, whatever their state folders: addresses and ports in use, and host settings that
 * the last one restores. It is stored where a reboot clears it, together with the settings themselves.
 */
const FOLDER = "/run/runner-images"
/** The file names never change, so that an engine that another version started can be taken down with all its changes. */
const HOST_STATE = `${FOLDER}/ledger.json`
const LOCK = `${FOLDER}/ledger.lock`

const hostStateSchema = z.object({
  instances: z.record(
    z.string(),
    z.object({
      link: z.string(),
      registryPort: z.number().int(),
      /** Path of the instance's record. */
      record: z.string(),
    }),
  ),
  /** Interfaces that had net.ipv4.conf.NAME.forwarding at 0 before the first instance came up. */
  forwardingSwitchedOn: z.array(z.string()).default([]),
  /** Written by earlier versions, which set net.ipv4.ip_forward for the whole host. The last instance sets it back. */
  forwardingWasOff: z.boolean().default(false),
  /** binfmt_misc was not mounted before the first instance came up. */
  binfmtWasUnmounted: z.boolean(),
})
export type HostState = z.infer<typeof hostStateSchema>

export function readHostState(): HostState {
  const empty = { instances: {}, forwardingSwitchedOn: [], forwardingWasOff: false, binfmtWasUnmounted: false }
  if (!existsSync(HOST_STATE)) return empty
  const hostState = parseHostState(readFileSync(HOST_STATE, "utf8"))
  const known = Object.entries(hostState.instances).filter(([id, { record }]) => !isLost(id, record))
  return { ...hostState, instances: Object.fromEntries(known) }
}

function parseHostState(text: string): HostState {
  try {
    return hostStateSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new RunnerImagesError(
      "ENGINE_STATE",
      `${HOST_STATE} is not in the format of this version of runner-images.`,
      "Another version has instances up: take them down with that version first.",
      { cause },
    )
  }
}

/** An instance whose state folder was deleted before its engine ever started. Nobody will ever take it down. */
function isLost(id: string, record: string): boolean {
  return !existsSync(record) && !existsSync(`${FOLDER}/${id}/engine.sock`)
}

/** Changes the host state while no other process does. `save` may be called early, to record a change before it is made. */
export async function withHostState<T>(work: (hostState: HostState, save: () => void) => T | Promise<T>): Promise<T> {
  mkdirSync(FOLDER, { recursive: true, mode: 0o755 })
  const lock = await takeLock(LOCK, "changing shared host settings", () => undefined)
  try {
    const hostState = readHostState()
    const save = () => writeFileAtomic(HOST_STATE, `${JSON.stringify(hostState, undefined, 2)}\n`)
    const result = await work(hostState, save)
    if (Object.keys(hostState.instances).length > 0 || existsSync(HOST_STATE)) save()
    return result
  } finally {
    await lock.release()
  }
}

/** Removes the host state's folder when no instance is left. Another process that waits for its lock creates it again. */
export function removeEmptyHostState(): void {
  if (!existsSync(FOLDER) || Object.keys(readHostState().instances).length > 0) return
  for (const file of [HOST_STATE, LOCK, `${LOCK}.json`]) rmSync(file, { force: true })
  try {
    rmdirSync(FOLDER)
  } catch {
    // Something of another instance is still in it.
  }
}
