import { accessSync, constants, mkdirSync } from "node:fs"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"
import type { RunnerFolder } from "../runner/folder.js"

/** Where jobs work. */
export interface WorkFolder {
  readonly path: string
  /** Why it is not the one that was wanted. */
  readonly instead?: string | undefined
}

/**
 * Makes the folder that jobs work in. Where the runner is a copy, since this user may not write to the image's folders, the work folder may
 * have to be in there as well.
 *
 * @param wanted absolute
 * @throws {RuntimeFailure} CONFIGURATION when it cannot be written to
 */
export function prepareWorkFolder(wanted: string, runner: RunnerFolder): WorkFolder {
  const problem = whyUnusable(wanted)
  if (problem === undefined) return { path: wanted }
  const second = join(runner.path, "_work")
  if (runner.copied && whyUnusable(second) === undefined)
    return { path: second, instead: `jobs work in ${second}, since ${wanted} cannot be used: ${problem}` }
  throw new RuntimeFailure(
    "CONFIGURATION",
    `jobs cannot work in ${wanted}: ${problem}`,
    `Mount a folder there that user ${process.getuid?.() ?? 0} may write to, or give another RUNNER_WORKDIR.`,
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
