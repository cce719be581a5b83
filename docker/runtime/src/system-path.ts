import type { Environment } from "./environment.js"

/** Folders that belong to root in every image, and everything below them. */
const SYSTEM = ["/usr", "/bin", "/sbin"]

/** Where nothing of the given PATH is left. */
const DEFAULT = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * The same environment with a PATH of only those folders that no job can write to: programs that get a secret, or that root starts, must
 * not be an earlier job's. PATH begins with folders in the runner's home, and a user may have added others.
 *
 * @example withSystemPath({ PATH: "/home/runner/.local/bin:/usr/bin:bin" }) ⇒ { PATH: "/usr/bin" }
 */
export function withSystemPath(environment: Environment): Environment {
  const { PATH } = environment
  if (PATH === undefined) return environment
  const kept = PATH.split(":").filter(
    (folder) =>
      SYSTEM.some((top) => folder === top || folder.startsWith(`${top}/`)) && !folder.split("/").includes(".."),
  )
  return { ...environment, PATH: kept.length > 0 ? kept.join(":") : DEFAULT }
}
