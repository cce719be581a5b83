import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { request, type IncomingMessage } from "node:http"
import { connect, type Socket } from "node:net"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, describe, expect, it } from "vitest"
import { type RunningServer, serve } from "../../../docker/runtime/src/metrics/server.js"
import { until } from "../runner/runner-folder.js"

const servers: RunningServer[] = []
const children: ChildProcess[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) await server.stop()
})

const ANSWER = { status: 200, type: "text/plain", body: "well\n" }

async function started(routes: Parameters<typeof serve>[1] = { "/health": () => ANSWER }): Promise<number> {
  const server = await serve(0, routes)
  servers.push(server)
  return server.port
}

/** Another process with so many connections, of which each is opened again when it is closed if `stubborn`. Tells how many are open. */
const FLOOD = `
const { connect } = require("node:net")
const [port, count, text, stubborn] = process.argv.slice(1)
let open = 0
const one = () => {
  const socket = connect(Number(port), "127.0.0.1", () => { open++; socket.write(text) })
  let connected = false
  socket.on("connect", () => { connected = true })
  socket.on("error", () => undefined)
  socket.on("data", () => undefined)
  socket.on("close", () => { if (connected) open--; if (stubborn === "yes") setTimeout(one, 50) })
}
for (let n = 0; n < Number(count); n++) one()
setInterval(() => console.log(open), 100)
`

async function flood(port: number, count: number, text: string, stubborn = false): Promise<{ open: () => number }> {
  const child = spawn(process.execPath, ["-e", FLOOD, String(port), String(count), text, stubborn ? "yes" : "no"], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  children.push(child)
  let open = 0
  const lines = createInterface({ input: child.stdout })
  lines.on("line", (line) => {
    open = Number(line)
  })
  await once(lines, "line")
  return { open: () => open }
}

/** Asks on a connection of its own. Milliseconds until the whole answer is there. */
async function ask(port: number): Promise<number> {
  const start = performance.now()
  const asked = request({ host: "127.0.0.1", port, path: "/health", agent: false, timeout: 3000 }).end()
  asked.on("timeout", () => asked.destroy(new Error("no answer in three seconds")))
  const [response] = (await once(asked, "response")) as [IncomingMessage]
  let body = ""
  for await (const chunk of response) body += String(chunk)
  expect([response.statusCode, body]).toEqual([200, "well\n"])
  return performance.now() - start
}

/** Asks every 100 ms. */
async function askOften(port: number, times: number): Promise<number> {
  const asked: Promise<number>[] = []
  for (let n = 0; n < times; n++) {
    asked.push(ask(port))
    await sleep(100)
  }
  return Math.max(...(await Promise.all(asked)))
}

async function connection(
  port: number,
  text = "",
): Promise<{ socket: Socket; closed: () => boolean; got: () => string }> {
  const socket = connect(port, "127.0.0.1")
  sockets.push(socket)
  let closed = false
  let got = ""
  socket.on("close", () => {
    closed = true
  })
  socket.on("error", () => undefined)
  socket.on("data", (data) => {
    got += String(data)
  })
  await once(socket, "connect")
  socket.write(text)
  return { socket, closed: () => closed, got: () => got }
}

describe("slow connections", () => {
  it.each([
    ["150 half requests", 150, "GET /health HTTP/1.1\r\nHost: x\r\n", false],
    ["1000 half requests", 1000, "GET /health HTTP/1.1\r\nHost: x\r\n", false],
    ["1000 that say nothing", 1000, "", false],
    ["1000 whose body never ends", 1000, "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", false],
    ["300 that come back when they are closed", 300, "GET /health HTTP/1.1\r\nHost: x\r\n", true],
  ])("do not shut out who asks for health: %s", async (_, count, text, stubborn) => {
    const port = await started()
    const { open } = await flood(port, count, text, stubborn)
    expect(await askOften(port, 20)).toBeLessThan(1000)
    // Each takes memory, in a program that is to take little.
    await until(() => open() <= 100)
  })

  it("are closed although nobody needs their place", async () => {
    const port = await started()
    const silent = await connection(port)
    const half = await connection(port, "GET /health HTTP/1.1\r\n")
    const start = performance.now()
    await until(() => silent.closed() && half.closed())
    expect(performance.now() - start).toBeGreaterThan(2000)
  }, 20_000)
})

describe("a connection that is in use", () => {
  it("is kept while its answer is being made, when others have to go", async () => {
    let answer: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      answer = resolve
    })
    const port = await started({ "/health": () => ANSWER, "/slow": () => asked.then(() => ANSWER) })
    const slow = await connection(port, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    const { open } = await flood(port, 300, "GET")
    await until(() => open() < 100)
    expect([slow.closed(), slow.got()]).toEqual([false, ""])
    answer()
    await until(() => slow.got().endsWith("well\n"))
  })
})
