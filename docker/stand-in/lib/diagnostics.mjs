import { appendFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { masked } from "./secrets.mjs"
import { ROOT } from "./version.mjs"

/** The real runner's folder for its own logs. */
const FOLDER = join(ROOT, "_diag")

/**
 * A log for whoever looks for a fault: `_diag/Runner_20260113-043147-utc.log`, with lines like
 * `[2026-01-13 04:31:47Z INFO Terminal] WRITE LINE: Listening for Jobs`.
 */
export class Diagnostics {
  #file

  /** @param {"Runner" | "Worker"} kind */
  constructor(kind) {
    const time = new Date()
      .toISOString()
      .replace(/[-:]|\..*/g, "")
      .replace("T", "-")
    this.#file = join(FOLDER, `${kind}_${time}-utc.log`)
  }

  /**
   * @param {string} source part of the program
   * @param {string} text
   * @param {"INFO" | "WARN" | "ERR "} [level]
   */
  write(source, text, level = "INFO") {
    try {
      mkdirSync(FOLDER, { recursive: true })
      appendFileSync(this.#file, `[${timestamp()} ${level} ${source}] ${masked(text)}\n`)
    } catch {
      // A log that cannot be written is no reason not to work.
    }
  }
}

/** `2026-01-13 04:31:47Z` */
export function timestamp() {
  return new Date().toISOString().replace("T", " ").replace(/\.\d+/, "")
}
