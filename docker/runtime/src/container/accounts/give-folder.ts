import {
  accessSync,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
  statSync,
} from "node:fs"
import { dirname, isAbsolute, join } from "node:path"
import { RuntimeFailure } from "../../failure.js"
import { holds } from "./become-user.js"

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, W_OK } = constants

/** Whom a folder is given to. */
export interface NewOwner {
  readonly uid: number
  readonly gid: number
}

interface GivenFolder {
  readonly folder: string
  readonly variable: string
}

/** As many as the kernel follows. */
const MOST_LINKS = 40

/**
 * Creates the folder and makes the user its owner, if this process may. It may be in a folder of that user, where an earlier job may have put a
 * link in its place: root follows only its own links.
 *
 * @param folder absolute
 * @param variable that names it
 * @throws {RuntimeFailure} CONFIGURATION for a path through another user's link
 * @throws the file system's error
 */
export function giveFolder(folder: string, owner: NewOwner, variable = "RUNNER_WORKDIR"): void {
  try {
    const { real } = walk({ folder, variable }, made)
    giveReal({ folder, variable }, real, owner)
  } catch (error) {
    if (!isLeftToUser(error)) throw error
  }
}

/**
 * Whether {@link giveFolder} would give the folder. Nothing is changed.
 *
 * @returns false where it would leave the folder to the user
 * @throws what it would throw
 */
export function wouldGiveFolder(folder: string, owner: NewOwner, variable = "RUNNER_WORKDIR"): boolean {
  try {
    const { real, missing } = walk({ folder, variable }, () => undefined)
    accessSync(real, W_OK)
    const { uid, gid } = statSync(real)
    const mayGive = holds("chown") || (missing === undefined && uid === owner.uid && gid === owner.gid)
    if (!mayGive) throw fileError("EPERM", missing ?? real)
    return true
  } catch (error) {
    if (!isLeftToUser(error)) throw error
    return false
  }
}

/** Root without all of its capabilities may not even look there, and a file system may be read-only: the user then finds out what is possible. */
function isLeftToUser(error: unknown): boolean {
  return ["EACCES", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")
}

/**
 * Walks down a path, through root's links only.
 *
 * @param make makes a folder that is missing, or ends the walk before it
 * @returns the path without links, and the first folder that is missing
 */
function walk(
  given: GivenFolder,
  make: (path: string) => Stats | undefined,
): { readonly real: string; readonly missing?: string } {
  const { folder } = given
  let real = "/"
  let links = 0
  const names = folder.split("/")
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === "" || name === ".") continue
    if (name === "..") {
      real = dirname(real)
      continue
    }
    const path = join(real, name)
    const stats = lstatSync(path, { throwIfNoEntry: false }) ?? make(path)
    if (!stats) return { real, missing: path }
    if (stats.isSymbolicLink()) {
      if (stats.uid !== 0) throw foreignLink(given, path, stats)
      if (++links > MOST_LINKS) throw fileError("ELOOP", path)
      const target = readlinkSync(path)
      names.unshift(...target.split("/"))
      if (isAbsolute(target)) real = "/"
    } else if (stats.isDirectory()) {
      real = path
    } else {
      throw fileError("ENOTDIR", path)
    }
  }
  return { real }
}

function made(path: string): Stats {
  mkdirSync(path)
  return lstatSync(path)
}

/** Jobs of another container may change a shared volume meanwhile: the opened folder has to be the one that was checked. */
function giveReal(given: GivenFolder, real: string, { uid, gid }: NewOwner): void {
  const descriptor = openSync(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const opened = readlinkSync(`/proc/self/fd/${String(descriptor)}`)
    if (opened !== real) throw foreignLink(given, real, fstatSync(descriptor))
    fchownSync(descriptor, uid, gid)
  } finally {
    closeSync(descriptor)
  }
}

function foreignLink({ folder, variable }: GivenFolder, path: string, { uid }: Stats): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `the folder ${folder} leads through ${path}, a link of user ${String(uid)}, and root does not follow another user's link`,
    `Remove the link, or set another ${variable}.`,
  )
}

function fileError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
