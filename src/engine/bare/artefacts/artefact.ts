import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { exec } from "../../../host/exec.js"
import { findMarked, MARKER, stopProcess } from "../host/process.js"

/** Folder of the files that the bare engine is built from, beside this one. */
export const SOURCES = dirname(fileURLToPath(import.meta.url))

/**
 * Makes a folder once. It is made elsewhere and renamed, so that it exists only when it is complete, whatever happens meanwhile.
 *
 * @returns whether it had to be made
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
 * The environment of a tool that makes an artefact: its scratch space is ours, and it can be found again. A run that is killed
 * leaves its tools behind, still at work.
 */
export function workEnvironment(work: string): Record<string, string> {
  return { TMPDIR: work, [MARKER]: workMarker(work) }
}

function workMarker(work: string): string {
  return `work in ${work}`
}

/** Ends what interrupted runs left running and removes what they left lying. Never call it but with the lock held. */
export async function clearWork(work: string): Promise<void> {
  for (let left = findMarked(workMarker(work)); left.length > 0; left = findMarked(workMarker(work)))
    await Promise.all(left.map((tool) => stopProcess(tool, 5)))
  // Never into a mount that such a tool may have made.
  await exec("rm", ["-rf", "--one-file-system", work])
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
