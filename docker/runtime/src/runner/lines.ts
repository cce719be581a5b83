import type { Readable } from "node:stream"

/** Longer ones are passed on in pieces, so that a program without line ends cannot fill the memory. */
const LONGEST = 1 << 20

const LINE_FEED = 0x0a

/**
 * Reads a program's output by lines, so that those of several programs do not mix. Bytes stay as they are.
 *
 * @param onLine gets each with its line feed; a last line may have none
 */
export function readLines(stream: Readable, onLine: (line: Buffer) => void): void {
  let kept: Buffer[] = []
  let length = 0
  const flush = (): void => {
    if (length > 0) onLine(Buffer.concat(kept))
    kept = []
    length = 0
  }
  stream.on("data", (chunk: Buffer) => {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      kept.push(chunk.subarray(start, end + 1))
      length += end + 1 - start
      flush()
      start = end + 1
    }
    if (start < chunk.length) {
      kept.push(chunk.subarray(start))
      length += chunk.length - start
      if (length >= LONGEST) flush()
    }
  })
  stream.on("end", flush)
  stream.on("close", flush)
  // A broken pipe means that the program ended, which is reported elsewhere.
  stream.on("error", () => undefined)
}
