import { openSync, readFileSync, readdirSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import { Writable } from "node:stream"
import { stripVTControlCharacters } from "node:util"
import { makeFolder, requireWritable } from "../artifacts/writable-folder.js"
import { stateFolder } from "../host/paths.js"

/** Older logs are deleted: they are only read after a failure. */
const KEPT_LOGS = 20

/** Dagger's own log of one run, too long for a terminal. Throws OUTPUT_UNWRITABLE when its folder cannot be written. */
export class SessionLog {
  readonly path: string
  readonly stream: Writable

  constructor(folder = join(stateFolder(), "logs")) {
    requireWritable(folder, "The log folder", "Set XDG_CACHE_HOME to another folder")
    makeFolder(folder)
    const logs = readdirSync(folder).filter((name) => name.endsWith(".log"))
    for (const name of logs.sort().slice(0, -(KEPT_LOGS - 1))) rmSync(join(folder, name), { force: true })
    // Sorts by time.
    const time = new Date().toISOString().replaceAll(/[:.]/g, "-")
    this.path = join(folder, `${time}-${process.pid}.log`)
    this.stream = new LogStream(openSync(this.path, "a"))
  }

  /** The last lines that are not empty, without the colours and cursor movements that Dagger writes. */
  tail(lines: number): string[] {
    return readFileSync(this.path, "utf8")
      .split("\n")
      .map((line) => stripVTControlCharacters(line).trimEnd())
      .filter((line) => line !== "")
      .slice(-lines)
  }
}

/**
 * Dagger's client writes to it, and its session process does through a pipe. If that process ends early, the pipe would close
 * the stream while the client still uses it, so it stays open until this process ends.
 */
class LogStream extends Writable {
  constructor(private readonly descriptor: number) {
    super({ decodeStrings: true })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // Dagger's log helps to explain a failure, but is not worth failing for.
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
