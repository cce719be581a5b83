import { createWriteStream, mkdirSync, readFileSync, readdirSync, rmSync, type WriteStream } from "node:fs"
import { join } from "node:path"
import { stateFolder } from "../paths.js"

/** Older ones go: they are only read after a failure. */
const KEPT_LOGS = 20

/** Dagger's own log of one run, too long for a terminal. */
export class SessionLog {
  readonly path: string
  readonly stream: WriteStream

  constructor(folder = join(stateFolder(), "logs")) {
    mkdirSync(folder, { recursive: true })
    const logs = readdirSync(folder).filter((name) => name.endsWith(".log"))
    for (const name of logs.sort().slice(0, -(KEPT_LOGS - 1))) rmSync(join(folder, name), { force: true })
    // Sorts by time.
    const time = new Date().toISOString().replaceAll(/[:.]/g, "-")
    this.path = join(folder, `${time}-${process.pid}.log`)
    this.stream = createWriteStream(this.path)
  }

  /** The last lines that say anything. */
  tail(lines: number): string[] {
    return readFileSync(this.path, "utf8")
      .split("\n")
      .map(plain)
      .filter((line) => line.trim() !== "")
      .slice(-lines)
  }
}

/** Without the colours and cursor movements that Dagger writes. */
function plain(line: string): string {
  return line.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "").trimEnd()
}
