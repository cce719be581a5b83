import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { lookup } from "./lookup.js"

/** A disk with less free space than this counts as full: writes are at least this large, and file systems reserve some space. */
const FULL_BYTES = 1 << 20
/** Small enough for any usable disk, and more than file systems store inside an inode. */
const PROBE_BYTES = 64 << 10

/**
 * Writes a probe below a folder, or where it will be created, and cleans up: permissions alone do not reveal read-only mounts,
 * quotas, full disks and special folders.
 *
 * @param path absolute
 * @param name begins the message: `The output folder`
 * @param choose how to choose another one: `Choose another with --output`
 * @throws RunnerImagesError OUTPUT_UNWRITABLE
 */
export function requireWritable(path: string, name: string, choose: string): void {
  let existing = path
  while (!lookup(existing) && dirname(existing) !== existing) existing = dirname(existing)
  const inTheWay = existing === path ? `${name} ${path}` : `${name} ${path} cannot be created: ${existing}`
  if (!lookup(existing)?.isDirectory()) throw unwritable(`${inTheWay} is not a folder.`, `${choose}.`)
  let probe: string | undefined
  try {
    probe = mkdtempSync(join(existing, ".runner-images-probe-"))
    writeFileSync(join(probe, "probe"), Buffer.alloc(PROBE_BYTES))
  } catch (error) {
    const full = isFull(error) ? `: the disk is full: ${diskOf(existing)}` : undefined
    throw unwritable(
      `${inTheWay} cannot be written${full ?? reasonOf(error)}.`,
      full === undefined ? `${choose}, or change its permissions.` : `${choose}, or free some space.`,
    )
  } finally {
    if (probe !== undefined) rmSync(probe, { recursive: true, force: true })
  }
}

/** Creates a folder and its parents. `mkdirSync` with `recursive` loops forever below /proc, where nothing can be created. */
export function makeFolder(path: string, mode = 0o777): void {
  if (lookup(path)?.isDirectory()) return
  if (dirname(path) !== path) makeFolder(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Another process may have created it in the meantime.
    if (!lookup(path)?.isDirectory()) throw error
  }
}

/**
 * Names the full disk if that is why a write failed; any other error is returned unchanged. A Dagger export then fails with
 * just "context canceled", so the disk itself is checked.
 *
 * @param path absolute, of a folder on that disk
 */
export function explainFullDisk(error: unknown, path: string, choose: string): unknown {
  if (error instanceof RunnerImagesError || !(isFull(error) || freeBytes(path) < FULL_BYTES)) return error
  return new RunnerImagesError(
    "OUTPUT_UNWRITABLE",
    `${path} could not be written: the disk is full: ${diskOf(path)}.`,
    `${choose}, or free some space.`,
    { cause: error },
  )
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return Infinity
  }
}

/** @example diskOf("/srv/dist") ⇒ "/dev/vdb1 at /srv, 0.0 GB of 41.9 GB free" */
function diskOf(path: string): string {
  const { stdout } = spawnSync("df", ["-P", "-k", path], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } })
  const [, device, total, free, place] = /^(.+?)\s+(\d+)\s+\d+\s+(\d+)\s+\S+\s+(\/.*)$/m.exec(stdout) ?? []
  if (device === undefined || place === undefined) return `the one that holds ${path}`
  const gigabytes = (kibibytes: string | undefined) => `${((Number(kibibytes) * 1024) / 1e9).toFixed(1)} GB`
  return `${device} at ${place}, ${gigabytes(free)} of ${gigabytes(total)} free`
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].some((code) => code === codeOf(error))
}

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  switch (code) {
    case "EACCES":
    case "EPERM":
      return " by this user"
    case "EROFS":
      return ": it is on a read-only file system"
    case "ENOENT":
      return ": its file system accepts no new files"
    default:
      return typeof code === "string" ? ` (${code})` : ""
  }
}

function unwritable(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("OUTPUT_UNWRITABLE", problem, remedy)
}
