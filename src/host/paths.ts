import { userInfo } from "node:os"
import { isAbsolute, join } from "node:path"
import { fileURLToPath } from "node:url"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"

/** The project's root folder, wherever the command is called from. */
export const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url))

/** What goes into images. */
export const DOCKER_FOLDER = join(PROJECT_ROOT, "docker")

/** What may differ between an accelerated and an emulated installation, because it differs between two emulated ones. */
export const ALLOW_LIST_FILE = join(PROJECT_ROOT, "dagger/src/core/parity/emulation-differences.json")

/** The versions and checksums that the catalog pins. */
export const PINS_FILE = join(PROJECT_ROOT, "dagger/src/core/catalog/pins.yaml")

/**
 * The user's home folder: HOME, or what the list of users has where that is empty or relative. Undefined when neither names one, as for a
 * user who is in no list.
 */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env["HOME"]?.trim() ?? ""
  if (isAbsolute(named)) return named
  try {
    const listed = userInfo().homedir
    return isAbsolute(listed) ? listed : undefined
  } catch {
    return undefined
  }
}

/**
 * Everything that runs leave behind on this machine, by the XDG base directory specification: a relative XDG_CACHE_HOME counts as unset.
 *
 * @throws RunnerImagesError OUTPUT_UNWRITABLE when nothing names a folder for it
 */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env["XDG_CACHE_HOME"]?.trim() ?? ""
  if (isAbsolute(cache)) return join(cache, "runner-images")
  const home = homeFolder(env)
  if (home !== undefined) return join(home, ".cache", "runner-images")
  throw new RunnerImagesError(
    "OUTPUT_UNWRITABLE",
    "There is no place for what runs keep: HOME and XDG_CACHE_HOME are empty, and this user has no home folder.",
    "Set XDG_CACHE_HOME to a folder that can be written.",
  )
}
