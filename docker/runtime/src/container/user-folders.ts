import { constants } from "node:fs"
import type { Environment } from "../environment.js"
import { isAccessible } from "../files/accessible.js"

/** Variables of images that name a folder in the image's home. */
const FOLDERS = ["GOPATH"]

/**
 * PATH begins with folders in the image's home, and some variables name others there. A user with another home has programs of its own.
 *
 * @param imageHome the home of the image's own user
 * @param home what HOME is for jobs
 * @returns variables for jobs; none if it is the image's
 */
export function userFolders(environment: Environment, imageHome: string, home: string): Record<string, string> {
  if (home === imageHome) return {}
  const moved = (folder: string): string[] =>
    folder.startsWith(`${imageHome}/`) ? [home + folder.slice(imageHome.length)] : []
  const { PATH = "" } = environment
  const folders = PATH.split(":")
  const own = folders.flatMap(moved).filter((folder) => !folders.includes(folder))
  const others = FOLDERS.flatMap((name) => {
    const folder = environment[name]
    if (folder === undefined || isAccessible(folder, constants.W_OK | constants.X_OK)) return []
    return moved(folder).map((path): [string, string] => [name, path])
  })
  return { ...(own.length > 0 && { PATH: [...own, PATH].join(":") }), ...Object.fromEntries(others) }
}
