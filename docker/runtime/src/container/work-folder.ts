import { accessSync, constants, mkdirSync } from "node:fs"
import { isAbsolute, join, relative } from "node:path"
import { RuntimeFailure } from "../failure.js"
import type { RunnerFolder } from "../runner/folder.js"

/**
 * Makes the folder that jobs work in.
 *
 * @param wanted absolute, or relative to the runner's folder
 * @param home where the image has its runner
 * @returns the folder to use: the wanted one, or its place in the runner's copy when the image's home cannot be written to
 * @throws {RuntimeFailure} CONFIGURATION when it cannot be written to
 */
export function prepareWorkFolder(wanted: string, home: string, runner: RunnerFolder): string {
  const first = isAbsolute(wanted) ? wanted : join(runner.path, wanted)
  const problem = whyUnusable(first)
  if (problem === undefined) return first
  const inside = relative(home, first)
  if (runner.copied && !inside.startsWith("..") && !isAbsolute(inside)) {
    const second = join(runner.path, inside)
    if (whyUnusable(second) === undefined) return second
  }
  throw new RuntimeFailure(
    "CONFIGURATION",
    `jobs cannot work in ${first}: ${problem}`,
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
