import { homedir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The project's root folder, wherever the command is called from. */
export const PROJECT_ROOT = fileURLToPath(new URL("../", import.meta.url))

/** What goes into images. */
export const DOCKER_FOLDER = join(PROJECT_ROOT, "docker")

/** What may differ between an accelerated and an emulated installation, because it differs between two emulated ones. */
export const ALLOW_LIST_FILE = join(PROJECT_ROOT, "dagger/src/core/emulation-differences.json")

/** The versions and checksums that the catalog pins. */
export const PINS_FILE = join(PROJECT_ROOT, "dagger/src/core/catalog/pins.yaml")

/** Everything that runs leave behind on this machine, by the XDG base directory specification. */
export function stateFolder(): string {
  const cache = process.env.XDG_CACHE_HOME?.trim()
  return join(cache === undefined || cache === "" ? join(homedir(), ".cache") : cache, "runner-images")
}
