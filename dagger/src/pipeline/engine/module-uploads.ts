import { dag, type Directory } from "@dagger.io/dagger"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Uploads } from "./uploads.js"

const UPLOADS = "uploads"
const COPY = "copy"

/** Uploads from a module's function, by way of its working directory, the only one that the engine reads. */
export function moduleUploads(): Uploads {
  const folder = join(process.cwd(), UPLOADS)
  mkdirSync(folder, { recursive: true })
  return new Uploads({ folder, load: (path) => dag.currentModule().workdir(path.slice(process.cwd().length + 1)) })
}

/** Copies a directory to where this function can read it. Returns the absolute path. */
export async function localCopy(directory: Directory): Promise<string> {
  const folder = join(process.cwd(), COPY)
  await directory.export(folder)
  return folder
}
