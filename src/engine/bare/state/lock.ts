import { spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { makeFolder } from "../../../artifacts/writable-folder.js"
import { writeFileAtomic } from "./atomic-file.js"

export interface Lock {
  /** Tells waiting processes what is being done. */
  says(doing: string): void
  release(): Promise<void>
}

/** Longer than the longest phase takes on a slow machine. */
const TIMEOUT_SECONDS = 45 * 60

/**
 * Takes a lock that the kernel releases when this process ends, however it ends: flock(1) holds it for as long as the pipe
 * to it is open.
 *
 * @param log called once for each process found holding the lock
 * @throws RunnerImagesError ENGINE_BUSY after 45 minutes of waiting; ENGINE_STATE when its folder cannot be written
 */
export async function takeLock(path: string, doing: string, log: (line: string) => void): Promise<Lock> {
  try {
    makeFolder(dirname(path))
  } catch (cause) {
    throw new RunnerImagesError(
      "ENGINE_STATE",
      `${dirname(path)}, the folder of the bare engine's lock, cannot be created: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Set XDG_CACHE_HOME to a writable folder.",
      { cause },
    )
  }
  const note = `${path}.json`
  const deadline = performance.now() + TIMEOUT_SECONDS * 1000
  for (let reported = ""; ;) {
    const held = await tryLock(path)
    if (held) {
      const says = (now: string) => {
        writeFileAtomic(note, JSON.stringify({ pid: process.pid, doing: now }))
      }
      says(doing)
      return { says, release: held }
    }
    const holder = describeHolder(note)
    if (holder !== reported) log(`waiting for ${(reported = holder)}`)
    if (performance.now() > deadline)
      throw new RunnerImagesError(
        "ENGINE_BUSY",
        `${holder} has held ${path} for 45 minutes.`,
        "See what that process is doing, end it if it hangs, and run this again.",
      )
    await sleep(200)
  }
}

/** Whether another process, or this one, holds a lock. */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false
  return spawnSync("flock", ["--shared", "--nonblock", path, "true"]).status !== 0
}

function describeHolder(note: string): string {
  try {
    const holder = JSON.parse(readFileSync(note, "utf8")) as { pid?: number; doing?: string }
    return `process ${holder.pid ?? "?"} (${holder.doing ?? "?"})`
  } catch {
    return "another process"
  }
}

async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  const holder = spawn("flock", ["--exclusive", "--nonblock", path, "sh", "-c", "echo locked; cat >/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
    // Ctrl-C reaches the whole process group; the lock must outlive the clean-up that follows.
    detached: true,
  })
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()))
  const locked = await new Promise<boolean>((resolve, reject) => {
    holder.once("error", (cause) =>
      reject(
        new RunnerImagesError("ENGINE_HOST", "flock is not installed.", "Run: apt-get install util-linux", { cause }),
      ),
    )
    holder.stdout.once("data", () => resolve(true))
    holder.once("close", () => resolve(false))
  })
  if (!locked) return undefined
  holder.stdin.on("error", () => undefined)
  return async () => {
    holder.stdin.end()
    await ended
  }
}
