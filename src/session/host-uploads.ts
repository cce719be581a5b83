import { dag } from "@dagger.io/dagger"
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { Uploads } from "../../dagger/src/pipeline/engine/uploads.js"
import { stateFolder } from "../host/paths.js"

/** Uploads that were not used for so long are removed. */
const KEPT_MILLISECONDS = 7 * 24 * 3600 * 1000

/** Uploads from this host, by way of a folder among this user's caches. Only within a session. */
export function hostUploads(folder = join(stateFolder(), "uploads")): Uploads {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  removeUnused(folder)
  return new Uploads({
    folder,
    load: (path) => {
      const now = new Date()
      utimesSync(path, now, now)
      return dag.host().directory(path)
    },
  })
}

function removeUnused(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found && Date.now() - found.mtimeMs > KEPT_MILLISECONDS) rmSync(path, { recursive: true, force: true })
  }
}
