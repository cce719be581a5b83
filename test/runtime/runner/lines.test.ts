import { PassThrough } from "node:stream"
import { expect, it } from "vitest"
import { readLines } from "../../../docker/runtime/src/runner/lines.js"

async function linesOf(...chunks: (string | Buffer)[]): Promise<Buffer[]> {
  const stream = new PassThrough()
  const lines: Buffer[] = []
  readLines(stream, (line) => lines.push(line))
  for (const chunk of chunks) {
    stream.write(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  stream.end()
  await new Promise((resolve) => stream.once("close", resolve))
  return lines
}

it.each([
  [["a\nb\n"], ["a\n", "b\n"]],
  [
    ["a", "b", "\n", "c"],
    ["ab\n", "c"],
  ],
  [["\n\na\r\n"], ["\n", "\n", "a\r\n"]],
  [[], []],
])("%j", async (chunks, lines) => {
  expect((await linesOf(...chunks)).map(String)).toEqual(lines)
})

it("leaves bytes as they are, cut within a letter or no letters at all", async () => {
  const text = Buffer.from("√ Connected\n")
  expect(await linesOf(text.subarray(0, 1), text.subarray(1))).toEqual([text])
  expect(await linesOf(Buffer.from([0xff, 0x00, 0x0a]))).toEqual([Buffer.from([0xff, 0x00, 0x0a])])
})

it("passes on a line without end in pieces", async () => {
  const piece = Buffer.alloc(300_000, "x")
  const lines = await linesOf(...Array<Buffer>(8).fill(piece))
  expect(lines.map((line) => line.length)).toEqual([1_200_000, 1_200_000])
})
