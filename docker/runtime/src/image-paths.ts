import { join } from "node:path"
import type { Environment } from "./environment.js"

/** Where things are in the image. */
export interface ImagePaths {
  /** The runner's folder and its user's home. */
  readonly home: string
  /** This program's folder. */
  readonly library: string
  /** Where users put hooks, in `started.d` and `completed.d`. */
  readonly hooks: string
  /** The file system's root. */
  readonly root: string
  /** Node.js, which runs this program. */
  readonly node: string
}

/** Variables with this prefix are for this project's own tests and not configuration. */
const INTERNAL = "RUNNER_IMAGES_"

/** Takes the internal variables out of the environment. */
export function splitEnvironment(all: Environment): { environment: Environment; paths: ImagePaths } {
  const internal = (name: string, fallback: string): string => all[INTERNAL + name] ?? fallback
  const root = internal("ROOT", "/")
  return {
    environment: Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith(INTERNAL))),
    paths: {
      home: internal("HOME", "/home/runner"),
      library: internal("LIBRARY", "/usr/local/lib/runner-images"),
      hooks: internal("HOOKS", join(root, "etc/runner/hooks")),
      root,
      node: internal("NODE", "/usr/local/bin/node"),
    },
  }
}
