import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs"
import { type FileHandle, open, rename, rm } from "node:fs/promises"

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/** Follows no link, and waits for nobody: not for a pipe's other end, nor for whoever has a lease on the file. */
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

/** A file that was not there before. */
const CREATE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW

export interface ReadLimits {
  /** The most bytes that are read. */
  readonly bytes: number
  /** What is read of a longer file: its first bytes or its last. Without it a longer file is refused. */
  readonly part?: "first" | "last"
  /** The only user whose file it may be. */
  readonly owner?: number
}

/** A file that is not what it has to be, which somebody may have made so. */
export class UntrustedFileError extends Error {
  override readonly name = "UntrustedFileError"

  constructor(path: string, why: string) {
    super(`${path} ${why}`)
  }
}

/**
 * Reads a file in a folder that jobs can write to: a regular file with one name, never through a link, and no more of it than requested.
 *
 * @throws {UntrustedFileError} when it is something else
 * @throws the file system's error, such as ENOENT
 */
export function readUntrustedSync(path: string, limits: ReadLimits): string {
  const descriptor = notThroughLink(path, () => openSync(path, READ))
  try {
    const { start, length } = extent(path, fstatSync(descriptor), limits)
    const buffer = Buffer.alloc(length)
    let filled = 0
    while (filled < length) {
      const read = readSync(descriptor, buffer, filled, length - filled, start + filled)
      if (read === 0) break
      filled += read
    }
    return textOf(path, buffer.subarray(0, filled), limits)
  } finally {
    closeSync(descriptor)
  }
}

/** As readUntrustedSync, for files that may be on a volume that does not respond: the program continues meanwhile. */
export async function readUntrusted(path: string, limits: ReadLimits): Promise<string> {
  const file = await open(path, READ).catch((error: unknown) => {
    throw linkError(path, error)
  })
  try {
    const { start, length } = extent(path, await file.stat(), limits)
    const buffer = Buffer.alloc(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return textOf(path, buffer.subarray(0, filled), limits)
  } finally {
    await file.close()
  }
}

/**
 * Replaces a file in one step, in a folder that jobs can write to: readers see the old text or the new one, and whatever is at its path,
 * such as a link, is replaced and not written to.
 *
 * @throws the file system's error, with nothing left behind
 */
export function replaceFileSync(path: string, content: string | Uint8Array, mode = 0o644): void {
  const next = temporaryName(path)
  const descriptor = openSync(next, CREATE, mode)
  try {
    try {
      // Whatever the umask is.
      fchmodSync(descriptor, mode)
      writeFileSync(descriptor, content)
    } finally {
      closeSync(descriptor)
    }
    renameSync(next, path)
  } catch (error) {
    rmSync(next, { force: true })
    throw error
  }
}

/** As replaceFileSync, for files that may be on a volume that does not respond. */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const next = temporaryName(path)
  const file = await open(next, CREATE, mode)
  try {
    await writeAndClose(file, content, mode)
    await rename(next, path)
  } catch (error) {
    await rm(next, { force: true })
    throw error
  }
}

async function writeAndClose(file: FileHandle, content: string | Uint8Array, mode: number): Promise<void> {
  try {
    await file.chmod(mode)
    await file.writeFile(content)
  } finally {
    await file.close()
  }
}

/** One that nobody has taken, so that nobody can keep a file from being written. O_EXCL makes it safe, not this. */
function temporaryName(path: string): string {
  return `${path}.${Math.random().toString(36).slice(2, 10)}.tmp`
}

function notThroughLink<T>(path: string, use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw linkError(path, error)
  }
}

function linkError(path: string, error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code === "ELOOP" ? new UntrustedFileError(path, "is a link") : error
}

/** @returns what to read: one byte more than the limit where more would be too much, since a size can be untrue, as in /proc */
function extent(path: string, stats: Stats, { bytes, part, owner }: ReadLimits): { start: number; length: number } {
  if (!stats.isFile()) throw new UntrustedFileError(path, "is no regular file")
  if (owner !== undefined && stats.uid !== owner)
    throw new UntrustedFileError(path, `belongs to user ${String(stats.uid)}, not ${String(owner)}`)
  // None: it was replaced just now. Two: it is somebody else's file too, under another name.
  if (stats.nlink > 1) throw new UntrustedFileError(path, "has a second name (hard link)")
  if (part === undefined && stats.size > bytes) throw tooLong(path, bytes)
  if (part === undefined) return { start: 0, length: bytes + 1 }
  return { start: part === "last" ? Math.max(0, stats.size - bytes) : 0, length: bytes }
}

function textOf(path: string, content: Buffer, { bytes, part }: ReadLimits): string {
  if (part === undefined && content.length > bytes) throw tooLong(path, bytes)
  return content.toString("utf8")
}

function tooLong(path: string, bytes: number): UntrustedFileError {
  return new UntrustedFileError(path, `is longer than ${String(bytes)} bytes`)
}
