import type { Socket } from "node:net"
import { createInterface } from "node:readline"
import { afterEach, expect, it } from "vitest"
import { type Answerer, answerRequests } from "../../../docker/runtime/src/broker/server/answer-requests.js"
import { Rate } from "../../../docker/runtime/src/broker/server/rate.js"
import { RuntimeFailure } from "../../../docker/runtime/src/failure.js"
import { keptLog } from "../github/scripted-server.js"
import { until } from "../runner/runner-folder.js"
import { socketPair } from "./socket-pair.js"

let other: Socket | undefined
afterEach(() => other?.destroy())

async function asking(answer: Answerer, allowed?: () => boolean) {
  const log = keptLog()
  const [own, others] = await socketPair()
  other = own.on("error", () => undefined)
  const answers: unknown[] = []
  createInterface({ input: own }).on("line", (line) => answers.push(JSON.parse(line)))
  let over = false
  const served = answerRequests({ stream: others, answer, log, who: "one", ...(allowed && { allowed }) })
  void served.then(() => (over = true))
  return {
    log,
    answers,
    over: () => over,
    ask: (value: unknown) => void own.write(`${typeof value === "string" ? value : JSON.stringify(value)}\n`),
    end: () => own.destroy(),
  }
}

const remove = (id: number) => ({ id, request: "remove" })

it("answers one after the other, and what failed with what to do", async () => {
  const one = await asking(({ request }) =>
    request === "remove"
      ? Promise.resolve({ removal: "removed" })
      : Promise.reject(new RuntimeFailure("NETWORK", "away", "Wait.")),
  )
  one.ask(remove(1))
  await until(() => one.answers.length === 1)
  one.ask({ id: 2, request: "register", configured: true, workFolder: "/work", lease: "ab".repeat(32) })
  await until(() => one.answers.length === 2)
  expect(one.answers).toEqual([
    { id: 1, removal: "removed" },
    { id: 2, failure: { code: "NETWORK", message: "away", remedy: "Wait." } },
  ])
  // Without the lease.
  expect(one.log.lines).toEqual(["info: one: remove", "info: one: register (configured)"])
})

it("a further request withdraws the one before, and begins when that is over", async () => {
  const happened: string[] = []
  let number = 0
  const one = await asking(async (_, signal) => {
    const own = ++number
    happened.push(`begins ${String(own)}`)
    if (own === 1) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    happened.push(`ends ${String(own)}`)
    return { removal: "removed" }
  })
  one.ask(remove(1))
  await until(() => happened.length === 1)
  for (const id of [2, 3]) one.ask(remove(id))
  await until(() => one.answers.length === 1)
  // The second was withdrawn before it began.
  expect(happened).toEqual(["begins 1", "ends 1", "begins 2", "ends 2"])
  expect(one.answers).toEqual([{ id: 3, removal: "removed" }])
})

it("its end withdraws the last, and is waited for", async () => {
  let aborted = false
  const one = await asking(async (_, signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    aborted = true
    return { removal: "removed" }
  })
  one.ask(remove(1))
  await until(() => one.log.lines.length === 1)
  one.end()
  await until(() => one.over())
  expect(aborted).toBe(true)
})

it("what is no request ends the connection, and nothing of it is told", async () => {
  const one = await asking(() => Promise.resolve({ removal: "removed" }))
  one.ask('{"id":1,"request":"a_secret"}')
  await until(() => one.over())
  expect(one.log.lines).toEqual(["warning: one: refused an invalid request"])
})

it("too many requests end it", async () => {
  let left = 2
  const one = await asking(
    () => Promise.resolve({ removal: "removed" }),
    () => left-- > 0,
  )
  for (const id of [1, 2, 3]) one.ask(remove(id))
  await until(() => one.over())
  expect(one.log.lines.at(-1)).toBe("warning: one: too many requests; the connection is closed")
})

it("a rate lets a burst through, and then so many a second", () => {
  let now = 0
  const rate = new Rate(3, 2, () => now)
  const take = (count: number): number => Array.from({ length: count }, () => rate.take()).filter(Boolean).length
  expect(take(5)).toBe(3)
  now = 1000
  expect(take(5)).toBe(2)
  now = 1_000_000
  expect(take(5)).toBe(3)
})
