import { accessSync, constants } from "node:fs"
import { dirname } from "node:path"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { lookup } from "../../artifacts/lookup.js"
import { stateFolder } from "../../host/paths.js"
import type { Examination } from "../examination/examination.js"
import { failure, ok, problem, type Finding } from "../examination/finding.js"

/** The folders that builds write to. Only permissions are looked at: a build writes a probe. */
export function checkFolders({ world: { env, output } }: Examination): Finding[] {
  return [cacheFolder(env), writable("output folder", output, "choose another with --output")]
}

function cacheFolder(env: NodeJS.ProcessEnv): Finding {
  const check = "cache folder"
  try {
    return writable(check, stateFolder(env), "export XDG_CACHE_HOME=/a/folder/that/this/user/owns")
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    return failure(check, error)
  }
}

function writable(check: string, path: string, remedy: string): Finding {
  let existing = path
  while (!lookup(existing) && dirname(existing) !== existing) existing = dirname(existing)
  const where = existing === path ? path : `${path}, which would be created in ${existing},`
  if (!lookup(existing)?.isDirectory())
    return problem(check, `${path} cannot be created: ${existing} is not a folder`, remedy, "OUTPUT_UNWRITABLE")
  try {
    accessSync(existing, constants.W_OK | constants.X_OK)
    return ok(check, path)
  } catch (error) {
    const readOnly = error instanceof Error && "code" in error && error.code === "EROFS"
    const why = readOnly ? "is on a read-only file system" : "cannot be written by this user"
    return problem(check, `${where} ${why}`, remedy, "OUTPUT_UNWRITABLE")
  }
}
