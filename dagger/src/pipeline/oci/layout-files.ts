import { constants, type FileHandle, open } from "node:fs/promises"
import { join } from "node:path"
import type { LayoutReader } from "../../core/oci/layout.js"

/** Bytes; the largest document that we write, a bill of materials in its signature, has a few megabytes. The registry's client has the same limit. */
const LONGEST_DOCUMENT = 64 * 2 ** 20

/**
 * The text of a file of a layout, which may be anybody's: nothing but a file of moderate size is read, so that neither a pipe nor a device
 * is waited for. Links are followed; what is at their ends counts only if it has the digest.
 *
 * @throws Error with the reason; the system's own, with its code, if the file cannot be opened
 */
export async function readDocument(folder: string, path: string): Promise<string> {
  // Without blocking, because opening a pipe waits for who writes to it.
  const file = await open(join(folder, path), constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const status = await file.stat()
    if (!status.isFile()) throw new Error("it is not a file")
    if (status.size > LONGEST_DOCUMENT) throw tooLong()
    return await textOf(file)
  } finally {
    await file.close()
  }
}

/** Some files, such as those in /proc, have more than their size says. */
async function textOf(file: FileHandle): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > LONGEST_DOCUMENT) throw tooLong()
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString("utf8")
}

function tooLong(): Error {
  return new Error(`it has more than ${String(LONGEST_DOCUMENT / 2 ** 20)} MiB`)
}

/** Why a document cannot be read, for a message that names it. */
export function unreadableReason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (!("code" in cause)) return cause.message
  return cause.code === "ENOENT" ? "it does not exist" : cause.message
}

/**
 * Reads the documents of a layout in a folder.
 *
 * @param unreadable makes the error for a file that cannot be read, from its path and the reason
 */
export function layoutReader(
  folder: string,
  unreadable: (path: string, why: string, cause: unknown) => Error,
): LayoutReader {
  return async (path) => {
    try {
      return await readDocument(folder, path)
    } catch (cause) {
      throw unreadable(join(folder, path), unreadableReason(cause), cause)
    }
  }
}
