import type { Duplex } from "node:stream"

const LINE_FEED = 0x0a

/**
 * JSON values, one per line, in both directions of a stream. A line that is too long, or a stream that fails, ends it: the other side cannot
 * be trusted.
 */
export class JsonLines {
  readonly #stream: Duplex
  readonly #longest: number
  #kept: Buffer[] = []
  #length = 0
  #listener: (line: string) => void = () => undefined

  /** @param longest bytes of a line that comes in */
  constructor(stream: Duplex, longest: number) {
    this.#stream = stream
    this.#longest = longest
    stream.on("data", (chunk: Buffer) => this.#take(chunk))
    // Whoever had it before may have paused it.
    stream.resume()
    // `close`, which follows, reports its end.
    stream.on("error", () => undefined)
    stream.on("end", () => this.close())
  }

  onLine(listener: (line: string) => void): void {
    this.#listener = listener
  }

  onClose(listener: () => void): void {
    if (this.#stream.destroyed) listener()
    // A socket passes on whether there was an error, which callers do not need.
    else this.#stream.once("close", () => listener())
  }

  get closed(): boolean {
    return this.#stream.destroyed
  }

  send(value: unknown): void {
    if (!this.#stream.destroyed) this.#stream.write(`${JSON.stringify(value)}\n`)
  }

  /** Ends the stream once everything was sent. */
  end(): void {
    this.#stream.end()
  }

  close(): void {
    this.#stream.destroy()
  }

  #take(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      if (!this.#keep(chunk.subarray(start, end))) return
      const line = Buffer.concat(this.#kept).toString("utf8")
      this.#kept = []
      this.#length = 0
      start = end + 1
      this.#listener(line)
      if (this.#stream.destroyed) return
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  #keep(part: Buffer): boolean {
    this.#length += part.length
    if (this.#length > this.#longest) {
      this.close()
      return false
    }
    this.#kept.push(part)
    return true
  }
}
