import { constants, type Dir, lstatSync, mkdirSync, opendirSync, realpathSync, type Stats } from "node:fs"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"
import type { RunnerFolder } from "../runner/folder.js"
import type { Concern } from "./concern.js"
import { isAccessible } from "../files/accessible.js"
import { mountOf, parseMounts, readMountInfo } from "../files/mounts.js"
import { nearestExisting, whyNotWritable } from "./writable.js"

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
  return firstUsable(wanted, runner, (path) => {
    try {
      mkdirSync(path, { recursive: true })
    } catch (error) {
      return whyNotWritable(path, error as NodeJS.ErrnoException)
    }
    return whyNotWritable(path)
  })
}

/**
 * The folder that {@link prepareWorkFolder} would prepare, without creating it.
 *
 * @param given root would give the wanted one to this user first
 * @throws {RuntimeFailure} CONFIGURATION as it does
 */
export function chooseWorkFolder(wanted: string, runner: RunnerFolder, given: boolean): WorkFolder {
  return firstUsable(wanted, runner, (path) => (given && path === wanted ? undefined : whyNotWritable(path)))
}

/** @param whyUnusable undefined for a folder that is usable */
function firstUsable(
  wanted: string,
  runner: RunnerFolder,
  whyUnusable: (path: string) => string | undefined,
): WorkFolder {
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

/** What jobs will stumble over in their work folder, whether it is there yet or not. */
export function workFolderConcerns(folder: string, uid: number): Concern[] {
  return [noexecConcern(folder), foreignConcern(folder, uid)].filter((one) => one !== undefined)
}

function noexecConcern(folder: string): Concern | undefined {
  const mount = mountOf(realpathSync(nearestExisting(folder)), parseMounts(readMountInfo()))
  if (!mount?.flags.includes("noexec")) return undefined
  return {
    problem: `jobs cannot run programs in their work folder ${folder}: ${mount.target} is mounted with noexec`,
    remedy: `Mount it with exec, as in --tmpfs ${mount.target}:exec`,
  }
}

/** A checkout is three folders below the work folder: REPOSITORY/REPOSITORY/FOLDER. */
const DEPTH = 3

/** Entries that are looked at: a work folder may have millions. */
const MOST = 5000

/** What a container left that ran as another user, or a job's own container. */
function foreignConcern(folder: string, uid: number): Concern | undefined {
  const found = uid === 0 ? undefined : findForeign(folder, uid)
  if (!found) return undefined
  return {
    problem: `jobs can neither change nor remove ${found.path}, which belongs to user ${found.stats.uid}`,
    remedy: `Remove what other users left in ${folder}, or make user ${uid} its owner: chown -R ${uid} on the host`,
  }
}

function findForeign(folder: string, uid: number): { path: string; stats: Stats } | undefined {
  let level = [folder]
  let left = MOST
  for (let depth = 0; depth < DEPTH; depth++) {
    const paths: string[] = []
    for (const parent of level) paths.push(...entriesOf(parent, left - paths.length))
    left -= paths.length
    const entries = paths.flatMap((path) => {
      const stats = lstatSync(path, { throwIfNoEntry: false })
      return stats ? [{ path, stats }] : []
    })
    const found = entries.find(
      ({ path, stats }) => stats.uid !== uid && !stats.isSymbolicLink() && !isAccessible(path, constants.W_OK),
    )
    if (found) return found
    level = entries.filter(({ stats }) => stats.isDirectory()).map(({ path }) => path)
  }
  return undefined
}

/** @param most entries: the rest is not read */
function entriesOf(folder: string, most: number): string[] {
  const paths: string[] = []
  let directory: Dir | undefined
  try {
    directory = opendirSync(folder)
    while (paths.length < most) {
      const entry = directory.readSync()
      if (!entry) break
      paths.push(join(folder, entry.name))
    }
  } catch {
    // What this user cannot look into is found by its owner.
  } finally {
    directory?.closeSync()
  }
  return paths
}
