import { rmSync } from "node:fs"

/** What is to be undone at once when this process ends before its time, as by Ctrl-C. */
const pending = new Set<() => void>()

/** A signal alone ends a process without its exit event; and so does the end of the one that runs the tests, whose worker this is. */
const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const

const undoAll = (): void => {
  for (const undo of [...pending].reverse()) undo()
}
const end = (): void => process.exit(1)

/** Only while there is something to undo: tests of other things share this process, and have signals of their own. */
function watch(): void {
  process.once("exit", undoAll)
  for (const ending of ENDINGS) process.once(ending, end)
}

function unwatch(): void {
  process.off("exit", undoAll)
  for (const ending of ENDINGS) process.off(ending, end)
}

/**
 * Keeps a clean-up for the end of this process.
 *
 * @param undo must not wait for anything
 * @returns what to call when it was cleaned up in the usual way
 */
export function undoAtExit(undo: () => void): () => void {
  if (pending.size === 0) watch()
  pending.add(undo)
  return () => {
    if (pending.delete(undo) && pending.size === 0) unwatch()
  }
}

/** The same for a folder. */
export function removeAtExit(folder: string): () => void {
  return undoAtExit(() => rmSync(folder, { recursive: true, force: true }))
}
