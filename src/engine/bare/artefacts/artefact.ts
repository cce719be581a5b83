import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { exec } from "../../../host/exec.js"
import { findMarked, MARKER, stopProcess } from "../host/process.js"

/** Folder of the files that the bare engine is built from, beside this one. */
export const SOURCES = dirname(fileURLToPath(import.meta.url))

/**
 * Builds a folder once. It is built elsewhere and renamed, so that it never exists before it is complete.
 *
 * @returns whether it had to be built
 */
export async function makeOnce(
  target: string,
  work: string,
  make: (folder: string) => Promise<void>,
): Promise<boolean> {
  if (existsSync(target)) return false
  mkdirSync(work, { recursive: true })
  const folder = mkdtempSync(join(work, "make-"))
  await make(folder)
  mkdirSync(dirname(target), { recursive: true })
  renameSync(folder, target)
  return true
}

/**
 * The environment of a tool that builds an artefact: scratch space in our folder, and a marker to find the tool by, since tools
 * of a killed run keep running.
 */
export function workEnvironment(work: string): Record<string, string> {
  return { TMPDIR: work, [MARKER]: workMarker(work) }
}

function workMarker(work: string): string {
  return `work in ${work}`
}

/**
 * Ends processes and removes files that interrupted runs left behind. Call it only with the lock held.
 *
 * @returns how many processes there were
 */
export async function clearWork(work: string): Promise<number> {
  let ended = 0
  for (let left = findMarked(workMarker(work)); left.length > 0; left = findMarked(workMarker(work))) {
    ended += left.length
    await Promise.all(left.map((tool) => stopProcess(tool, 5)))
  }
  // Never descends into a mount that such a tool may have left.
  await exec("rm", ["-rf", "--one-file-system", work])
  return ended
}

/** A short name for a set of inputs. Files count by their path below the root and by their content. */
export function keyOf(root: string, files: readonly string[], facts: readonly string[]): string {
  const hash = createHash("sha256")
  for (const file of [...files].sort())
    hash.update(`${relative(root, file)}\0`).update(createHash("sha256").update(readFileSync(file)).digest())
  for (const fact of facts) hash.update(`\0${fact}`)
  return hash.digest("hex").slice(0, 16)
}

/** All files below a folder, as absolute paths. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
