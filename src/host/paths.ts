import { userInfo } from "node:os"
import { isAbsolute, join } from "node:path"
import { fileURLToPath } from "node:url"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"

/** The project's root folder, wherever the command is called from. */
export const PROJECT_ROOT = fileURLToPath(new URL("../../", import.meta.url))

/** What goes into images. */
export const DOCKER_FOLDER = join(PROJECT_ROOT, "docker")

/** Differences that are allowed between an accelerated and an emulated installation, since two emulated ones differ there too. */
export const ALLOW_LIST_FILE = join(PROJECT_ROOT, "dagger/src/core/parity/emulation-differences.json")

/** The versions and checksums that the catalog pins. */
export const PINS_FILE = join(PROJECT_ROOT, "dagger/src/core/catalog/pins.yaml")

/**
 * The user's home folder: HOME, or the passwd entry's if HOME is empty or relative. Undefined when neither names one, as for a
 * user without a passwd entry.
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
 * The folder for everything that runs keep on this machine, by the XDG base directory specification: a relative XDG_CACHE_HOME
 * counts as unset.
 *
 * @throws RunnerImagesError OUTPUT_UNWRITABLE when no variable or passwd entry names a folder for it
 */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env["XDG_CACHE_HOME"]?.trim() ?? ""
  if (isAbsolute(cache)) return join(cache, "runner-images")
  const home = homeFolder(env)
  if (home !== undefined) return join(home, ".cache", "runner-images")
  throw new RunnerImagesError(
    "OUTPUT_UNWRITABLE",
    "No folder for logs and caches: HOME and XDG_CACHE_HOME are empty, and this user has no home folder.",
    "Set XDG_CACHE_HOME to a writable folder.",
  )
}
