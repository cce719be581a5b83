import { Diagnostics, timestamp } from "./diagnostics.mjs"
import { masked } from "./secrets.mjs"

/** What the runner says, in the real one's forms, and the log of it. */
export class Terminal {
  #diagnostics = new Diagnostics("Runner")

  /** @param {string} [line] */
  line(line = "") {
    this.#diagnostics.write("Terminal", `WRITE LINE: ${line}`)
    console.log(masked(line))
  }

  /**
   * With the time before it.
   *
   * @param {string} line
   */
  event(line) {
    this.line(`${this.now()}: ${line}`)
  }

  now() {
    return timestamp()
  }

  /** @param {string} text */
  success(text) {
    this.line(`√ ${text}`)
  }

  /** @param {string} title */
  section(title) {
    console.log(`\n# ${title}\n`)
  }

  /** @param {string} line */
  error(line) {
    this.#diagnostics.write("Terminal", `WRITE ERROR: ${line}`, "ERR ")
    console.error(masked(line))
  }

  /**
   * For the log alone.
   *
   * @param {string} source
   * @param {string} text
   */
  trace(source, text) {
    this.#diagnostics.write(source, text)
  }
}
