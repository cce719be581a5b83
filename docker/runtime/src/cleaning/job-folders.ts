import { lstatSync, readdirSync } from "node:fs"
import { chmod, opendir, rm } from "node:fs/promises"
import { join } from "node:path"

/** What came of removing. */
export interface Removed {
  /** How many. */
  readonly removed: number
  /** What is still there, and why: `/work/example (EACCES)`. */
  readonly kept: readonly string[]
}

/**
 * Removes jobs' folders from the work folder: WORK/example with WORK/example/example in it, as the runner makes them. Everything else stays, such as
 * the runner's own folders, tools and actions among them.
 */
export async function removeJobFolders(workFolder: string): Promise<Removed> {
  return await removeAll(
    namesIn(workFolder)
      .filter((name) => isFolder(join(workFolder, name)) && isFolder(join(workFolder, name, name)))
      .map((name) => join(workFolder, name)),
  )
}

/** Removes files and folders, also folders that are write-protected, as Go's cache of modules is. Links are not followed. */
export async function removeAll(paths: readonly string[]): Promise<Removed> {
  const kept: string[] = []
  for (const path of paths) {
    try {
      await removeTree(path)
    } catch (error) {
      kept.push(`${path} (${(error as NodeJS.ErrnoException).code ?? String(error)})`)
    }
  }
  return { removed: paths.length - kept.length, kept }
}

async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch {
    await makeWritable(path)
    await rm(path, { recursive: true, force: true })
  }
}

async function makeWritable(path: string): Promise<void> {
  if (!isFolder(path)) return
  // What is another user's may be in a folder of ours.
  await chmod(path, 0o700).catch(() => undefined)
  for await (const entry of await opendir(path)) if (entry.isDirectory()) await makeWritable(join(path, entry.name))
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** None for a folder that cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
