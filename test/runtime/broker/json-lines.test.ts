import type { Socket } from "node:net"
import { afterEach, beforeEach, expect, it } from "vitest"
import { JsonLines } from "../../../docker/runtime/src/broker/protocol/json-lines.js"
import { until } from "../runner/runner-folder.js"
import { socketPair } from "./socket-pair.js"

let lines: string[]
/** How often its end was told; the test before may end late. */
let count: { closed: number }
let other: Socket
let own: JsonLines
beforeEach(async () => {
  const [one, two] = await socketPair()
  other = two.on("error", () => undefined)
  lines = []
  const told = (count = { closed: 0 })
  own = new JsonLines(one, 20)
  own.onLine((line) => lines.push(line))
  own.onClose(() => told.closed++)
})
afterEach(() => {
  own.close()
  other.destroy()
})

const send = async (part: string | Buffer): Promise<void> => {
  other.write(part)
  await new Promise((resolve) => setTimeout(resolve, 20))
}

it("puts lines together, wherever they were cut, also in the middle of a character", async () => {
  const bytes = Buffer.from('"one ä"\n"two"\n"three')
  for (const part of [bytes.subarray(0, 6), bytes.subarray(6, 7), bytes.subarray(7, 11), bytes.subarray(11)])
    await send(part)
  expect(lines).toEqual(['"one ä"', '"two"'])
  await send('"\n')
  expect(lines).toEqual(['"one ä"', '"two"', '"three"'])
})

it("takes a line of the longest length, and closes for one that is longer, at once or in parts", async () => {
  await send(`${"x".repeat(20)}\n`)
  expect([lines, count.closed]).toEqual([["x".repeat(20)], 0])
  await send("x".repeat(15))
  await send("x".repeat(15))
  await until(() => count.closed === 1)
  other.write(`\nlater\n`)
  expect(lines).toHaveLength(1)
})

it("tells nothing of what follows a line that is too long", async () => {
  await send(`first\n${"x".repeat(21)}\nlast\n`)
  await until(() => count.closed === 1)
  expect(lines).toEqual(["first"])
})

it("forgets half a line at the end", async () => {
  other.end("whole\nhalf")
  await until(() => count.closed === 1)
  expect(lines).toEqual(["whole"])
  own.send({ nobody: true })
  let late = 0
  own.onClose(() => late++)
  expect([own.closed, late]).toEqual([true, 1])
})
