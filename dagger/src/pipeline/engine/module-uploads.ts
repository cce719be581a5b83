import { type Container, dag, type Directory } from "@dagger.io/dagger"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Uploads } from "./uploads.js"

const UPLOADS = "uploads"
const COPY = "copy"
const MARK = "THIS_SESSION"

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

/**
 * Keeps the engine from answering a later session with this container. It caches other modules' functions for days, and what they return
 * is made again from its history, which names {@link moduleUploads} of a function that has ended. It does not cache what has a secret in
 * its history. The secret's value says nothing, and the container does not have it.
 */
export function ofThisSession(container: Container): Container {
  return container.withSecretVariable(MARK, dag.setSecret(MARK, MARK)).withoutSecretVariable(MARK)
}

/** The same for a directory. See {@link ofThisSession}. */
export function directoryOfThisSession(directory: Directory): Directory {
  return ofThisSession(dag.container()).withDirectory("/", directory).directory("/")
}
