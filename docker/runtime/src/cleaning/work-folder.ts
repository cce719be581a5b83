import { join } from "node:path"
import { entry, namesIn } from "../files/names.js"

/** The runner's own folders in its work folder. Tools and actions among them are for all jobs. */
const RUNNERS_OWN = new Set(["_actions", "_PipelineMapping", "_temp", "_tool", "_update"])

/** Jobs' folders in the working directory: `example` with `example/example` in it, as the runner makes them. Everything else stays. */
export function jobFolders(): string[] {
  return namesIn(".").filter((name) => !RUNNERS_OWN.has(name) && isFolder(name) && isFolder(join(name, name)))
}

function isFolder(name: string): boolean {
  return entry(name)?.isDirectory() === true
}
