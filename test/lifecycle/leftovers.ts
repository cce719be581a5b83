import { rmSync } from "node:fs"

/** What is to be undone at once when this process ends before its time, as by Ctrl-C. */
const pending = new Set<() => void>()

process.once("exit", () => {
  for (const undo of [...pending].reverse()) undo()
})

// A signal alone ends a process without that event; and so does the end of the one that runs the tests, whose worker this is.
for (const ending of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const) process.once(ending, () => process.exit(1))

/**
 * Keeps a clean-up for the end of this process.
 *
 * @param undo must not wait for anything
 * @returns what to call when it was cleaned up in the usual way
 */
export function undoAtExit(undo: () => void): () => void {
  pending.add(undo)
  return () => void pending.delete(undo)
}

/** The same for a folder. */
export function removeAtExit(folder: string): () => void {
  return undoAtExit(() => rmSync(folder, { recursive: true, force: true }))
}
