import { accessSync, constants, mkdirSync } from "node:fs"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"
import type { RunnerFolder } from "../runner/folder.js"

/** Where jobs work. */
export interface WorkFolder {
  readonly path: string
  /** Why it is not the configured one. */
  readonly instead?: string | undefined
}

/**
 * Creates the folder that jobs work in. If the runner is a copy, because this user cannot write to the image's folders, the work folder may
 * have to be in the copy as well.
 *
 * @param wanted absolute
 * @throws {RuntimeFailure} CONFIGURATION when it cannot be written to
 */
export function prepareWorkFolder(wanted: string, runner: RunnerFolder): WorkFolder {
  const problem = whyUnusable(wanted)
  if (problem === undefined) return { path: wanted }
  const second = join(runner.path, "_work")
  if (runner.copied && whyUnusable(second) === undefined)
    return { path: second, instead: `jobs work in ${second}, because ${wanted} cannot be used: ${problem}` }
  throw new RuntimeFailure(
    "CONFIGURATION",
    `jobs cannot work in ${wanted}: ${problem}`,
    `Mount a folder there that user ${process.getuid?.() ?? 0} can write to, or set another RUNNER_WORKDIR.`,
  )
}

function whyUnusable(path: string): string | undefined {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EROFS") return "read-only file system"
    if (code === "EACCES" || code === "EPERM") return "not allowed to write"
    return code ?? String(error)
  }
}
