import { spawn } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { constants } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createInterface } from "node:readline"

/** Milliseconds for which output is waited for after the end: what the program left behind may keep it open. */
const DRAIN = 500

/** A shell script, run as a process of its own. */
export class Script {
  #path
  #own
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child
  cancelled = false

  /**
   * @param {string} path
   * @param {boolean} own whether it was written for this one run
   */
  constructor(path, own) {
    this.#path = path
    this.#own = own
  }

  /**
   * @param {string} text
   * @param {string} folder for the file
   * @param {number} index
   */
  static ofText(text, folder, index) {
    const path = join(folder, `step-${index}.sh`)
    writeFileSync(path, `${text}\n`)
    return new Script(path, true)
  }

  /** @param {string} path */
  static ofFile(path) {
    return new Script(path, false)
  }

  remove() {
    if (this.#own) rmSync(this.#path, { force: true })
  }

  /**
   * @param {string} folder to run in
   * @param {NodeJS.ProcessEnv} environment
   * @param {(line: string) => void} onLine
   * @returns {Promise<number>} exit code; 128 and the signal's number when it was killed
   */
  async run(folder, environment, onLine) {
    const powershell = this.#path.endsWith(".ps1")
    const [program, args] = powershell ? ["pwsh", ["-command", `. '${this.#path}'`]] : ["bash", ["-e", this.#path]]
    const child = spawn(program, args, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] })
    this.#child = child
    const streams = [child.stdout, child.stderr].map((input) => {
      const lines = createInterface({ input, crlfDelay: Infinity })
      lines.on("line", onLine)
      return new Promise((resolve) => lines.once("close", resolve))
    })
    const code = await new Promise((resolve) => {
      child.once("error", (error) => {
        onLine(error.message)
        resolve(127)
      })
      child.once("exit", (exit, signal) => resolve(exit ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
    const drained = new AbortController()
    const limit = sleep(DRAIN, undefined, { signal: drained.signal }).catch(() => {})
    await Promise.race([Promise.all(streams), limit])
    drained.abort()
    child.stdout.destroy()
    child.stderr.destroy()
    this.#child = undefined
    return code
  }

  /**
   * Ends it, gently at first.
   *
   * @param {import("../seconds.mjs").Seconds} seconds
   */
  async cancel({ interrupt, terminate }) {
    this.cancelled = true
    const child = this.#child
    const steps = /** @type {const} */ ([
      ["SIGINT", interrupt],
      ["SIGTERM", terminate],
      ["SIGKILL", 0],
    ])
    for (const [signal, wait] of steps) {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await sleep(wait * 1000, undefined, { ref: false })
    }
  }
}
