import { openSync, readFileSync, readdirSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import { Writable } from "node:stream"
import { stripVTControlCharacters } from "node:util"
import { makeFolder, requireWritable } from "../artifacts/writable-folder.js"
import { stateFolder } from "../host/paths.js"

/** Older ones go: they are only read after a failure. */
const KEPT_LOGS = 20

/** Dagger's own log of one run, too long for a terminal. Throws OUTPUT_UNWRITABLE when it has no place. */
export class SessionLog {
  readonly path: string
  readonly stream: Writable

  constructor(folder = join(stateFolder(), "logs")) {
    requireWritable(folder, "The folder for logs", "Set XDG_CACHE_HOME to another folder")
    makeFolder(folder)
    const logs = readdirSync(folder).filter((name) => name.endsWith(".log"))
    for (const name of logs.sort().slice(0, -(KEPT_LOGS - 1))) rmSync(join(folder, name), { force: true })
    // Sorts by time.
    const time = new Date().toISOString().replaceAll(/[:.]/g, "-")
    this.path = join(folder, `${time}-${process.pid}.log`)
    this.stream = new LogStream(openSync(this.path, "a"))
  }

  /** The last lines that say anything, without the colours and cursor movements that Dagger writes. */
  tail(lines: number): string[] {
    return readFileSync(this.path, "utf8")
      .split("\n")
      .map((line) => stripVTControlCharacters(line).trimEnd())
      .filter((line) => line !== "")
      .slice(-lines)
  }
}

/**
 * Written to by Dagger's client, and by its session process through a pipe. When that ends early the pipe would end the
 * stream under the client, so only the end of this process ends it.
 */
class LogStream extends Writable {
  constructor(private readonly descriptor: number) {
    super({ decodeStrings: true })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // Dagger's log is part of the answer to what went wrong, and not worth failing for.
    try {
      writeSync(this.descriptor, chunk)
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error
    }
    done()
  }

  override end(): this {
    return this
  }
}
