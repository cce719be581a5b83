import { posix } from "node:path"
import type { ImageFacts } from "../image-facts.js"
import type { Settings } from "./settings.js"

const HOME = "/home/runner"
/** Where GrammaTonic's images have their work folder. */
const GRAMMATONIC_FOLDERS: Readonly<Record<string, string>> = { standard: `${HOME}/_work` }
const GRAMMATONIC_FOLDER = `${HOME}/workspace`
/** What its compose files set RUNNER_WORKDIR to, beside a RUNNER_WORK_DIR that counts. */
const COMPOSE_DEFAULTS = [`${HOME}/_work`, GRAMMATONIC_FOLDER]

/**
 * Where jobs work: an absolute path.
 *
 * @param name the runner's
 * @param grammaTonic whether the defaults are those of the image of that name
 */
export function readWorkFolder(settings: Settings, image: ImageFacts, name: string, grammaTonic: boolean): string {
  const found = settings.find("RUNNER_WORKDIR")
  const other = settings.all.RUNNER_WORK_DIR?.trim()
  const given =
    found && other && COMPOSE_DEFAULTS.includes(found.value) ? { name: "RUNNER_WORK_DIR", value: other } : found
  if (given) {
    // config.sh, too, takes a relative one to be below the runner.
    const path = posix.resolve(HOME, given.value)
    if (!given.value.startsWith("/") && !path.startsWith(`${HOME}/`))
      settings.wrong(
        given.name,
        `is "${given.value}", not below ${HOME}`,
        "Give a folder below it, or an absolute path.",
      )
    return path
  }
  const root = settings.path("RUNNER_WORKDIR_ROOT")
  if (root === undefined && grammaTonic) return GRAMMATONIC_FOLDERS[image.variant] ?? GRAMMATONIC_FOLDER
  return `${(root ?? "/_work").replace(/\/+$/, "")}/${name}`
}
