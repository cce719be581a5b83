import { EventEmitter, on } from "node:events"
import type { Readable } from "node:stream"
import { createInterface } from "node:readline"

/** What a program wrote, and when. */
export interface Line {
  readonly stream: "stdout" | "stderr"
  readonly text: string
  /** Milliseconds, monotonic: `performance.now()`. */
  readonly at: number
}

/** How many of the last lines a failure shows. */
const SHOWN = 60

/** A program's output by lines, of both streams as they come. */
export class Lines {
  readonly #lines: Line[] = []
  readonly #events = new EventEmitter<{ line: [Line]; end: [] }>()
  #ended = false

  get all(): readonly Line[] {
    return this.#lines
  }

  /** All lines as one text. */
  get text(): string {
    return this.#lines.map(({ text }) => text).join("\n")
  }

  /** Those of one stream. */
  of(stream: Line["stream"]): string {
    return this.#lines.flatMap((line) => (line.stream === stream ? [`${line.text}\n`] : [])).join("")
  }

  read(stream: Line["stream"], input: Readable): void {
    createInterface({ input, crlfDelay: Infinity }).on("line", (text) => {
      const line = { stream, text, at: performance.now() }
      this.#lines.push(line)
      this.#events.emit("line", line)
    })
  }

  /** Nothing more will come: who waits for a line is told. */
  end(): void {
    this.#ended = true
    this.#events.emit("end")
  }

  /** The first line that matches, of those from a number on. */
  find(pattern: RegExp, from = 0): Line | undefined {
    return this.#lines.slice(from).find(({ text }) => pattern.test(text))
  }

  count(pattern: RegExp): number {
    return this.#lines.filter(({ text }) => pattern.test(text)).length
  }

  /**
   * Waits for a line, also for one that has come already.
   *
   * @param from number of lines to leave aside, as of an earlier moment
   * @throws {Error} with the last lines, when there is none after so many milliseconds or the program ends without it
   */
  async waitFor(pattern: RegExp, milliseconds: number, from = 0): Promise<Line> {
    const found = this.find(pattern, from)
    if (found) return found
    const failed = (why: string): Error => new Error(`no line ${String(pattern)} ${why}\n${this.last()}`)
    if (this.#ended) throw failed("before the end")
    const controller = new AbortController()
    const timeout = AbortSignal.timeout(milliseconds)
    const signal = AbortSignal.any([controller.signal, timeout])
    this.#events.once("end", () => controller.abort())
    try {
      for await (const [line] of on(this.#events, "line", { signal }) as AsyncIterable<[Line]>)
        if (pattern.test(line.text)) return line
    } catch (error) {
      const late = this.find(pattern, from)
      if (late) return late
      if (!signal.aborted) throw error
    }
    throw failed(timeout.aborted ? `after ${milliseconds} ms` : "before the end")
  }

  last(count = SHOWN): string {
    return this.#lines
      .slice(-count)
      .map(({ stream, text }) => `${stream === "stderr" ? "! " : "  "}${text}`)
      .join("\n")
  }
}
