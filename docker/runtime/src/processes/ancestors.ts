import { basename } from "node:path"
import { commandLineOf } from "./command-line.js"
import { processStatus } from "./process-status.js"

/** A process's parent, that one's parent and so on. */
export function ancestorsOf(pid: number): number[] {
  const parent = processStatus(pid)?.parent ?? 0
  return parent === 0 ? [] : [parent, ...ancestorsOf(parent)]
}

/** Whether a process is this program, or the init process that started it, which has its name among its arguments. */
export function isOwnProgram(pid: number): boolean {
  return commandLineOf(pid).some((word) => basename(word) === "runtime.mjs")
}
