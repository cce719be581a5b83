import { constants } from "node:fs"
import type { Environment } from "../environment.js"
import { isAccessible } from "../files/accessible.js"

/**
 * HOME for jobs: the one that is set, if it is writable; else the runner's folder. Docker sets `/` for a user that the image does not know, and
 * root's home stays set when root's privileges are dropped.
 */
export function homeFor({ HOME }: Environment, runnerHome: string): string {
  if (HOME === undefined || HOME === "" || HOME === "/") return runnerHome
  return isAccessible(HOME, constants.W_OK | constants.X_OK) ? HOME : runnerHome
}
