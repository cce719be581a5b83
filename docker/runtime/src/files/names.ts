import { lstatSync, readdirSync, type Stats } from "node:fs"
import { printable } from "./printable.js"

/*
 * Names of files are bytes. They are kept as texts of Latin-1 here, which has a character for each byte: a name that is not UTF-8 would
 * otherwise be that of another file, or of none.
 */

/** UTF-16 units of a name in a message. */
const LONGEST = 200

/** Names of a folder's entries; none for a folder that cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, "latin1")
  } catch {
    return []
  }
}

/** What has the name, relative to the working directory; undefined if there is nothing. */
export function entry(name: string): Stats | undefined {
  return lstatSync(bytesOf(name), { throwIfNoEntry: false })
}

/** For functions of Node.js. A name that begins with a dash stays a name. */
export function bytesOf(name: string): Buffer {
  return Buffer.from(`./${name}`, "latin1")
}

/** For messages: one line, and only what can be printed. */
export function shown(name: string): string {
  return printable(Buffer.from(name, "latin1").toString("utf8"), LONGEST)
}
