import { existsSync, readdirSync, rmdirSync } from "node:fs"
import { join } from "node:path"

const ROOT = "/sys/fs/cgroup"

/** Processes that were just killed are in their group for another moment. */
const TRIES = 20
const PAUSE = 100

/** Removes a control group with those below it, of every hierarchy, once its processes have ended. Waits for that a little. */
export function removeControlGroup(name: string): void {
  const hierarchies = [ROOT, ...readdirSync(ROOT).map((controller) => join(ROOT, controller))]
  const found = (): string[] => hierarchies.map((path) => join(path, name)).filter((path) => existsSync(path))
  for (let tries = TRIES; tries > 0 && found().length > 0; tries--) {
    for (const path of found()) removeTree(path)
    // What runs when the process exits cannot wait in another way.
    if (found().length > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE)
  }
}

function removeTree(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) removeTree(join(path, entry.name))
    rmdirSync(path)
  } catch {
    // It is in use, or gone.
  }
}
