import { basename } from "node:path"

/** How a further process of this program is started. */
export interface OwnProgram {
  readonly command: string
  readonly args: readonly string[]
}

/**
 * entrypoint.sh starts Node.js by a dynamic loader that users may run and not read. The kernel does not let others of the same user look
 * into a process of such a program, from its first instruction on: https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
 */
const LOADER = "loader"

/** Keeps SIGUSR1 from opening a debugger, which asks nobody for a permission. */
const NO_DEBUGGER = "--disable-sigusr1"

/**
 * This program once more, started as it was itself.
 *
 * @param small with the options that make it take little memory, as this process has them
 */
export function ownProgram({ small }: { readonly small: boolean }): OwnProgram {
  const [, script = ""] = process.argv
  const options = small ? process.execArgv : process.execArgv.filter((option) => option === NO_DEBUGGER)
  const { execPath, argv0 } = process
  return { command: execPath, args: [...(basename(execPath) === LOADER ? [argv0] : []), ...options, script] }
}
