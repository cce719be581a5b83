import { createServer } from "node:net"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "vitest"
import {
  connect,
  type Connection,
  type ConnectOptions,
} from "../../../docker/runtime/src/doctor/examination/connection.js"
import { freePort } from "../../free-port.js"
import { httpServer, httpsServer, proxyServer } from "./servers.js"

const get = (url: string, options: ConnectOptions & { through?: string } = {}): Promise<Connection> =>
  connect(new URL(url), { ...options, ...(options.through && { proxy: new URL(options.through) }) })

/** `200 body`, or `STAGE: reason`. */
const short = (connection: Connection): string =>
  "answer" in connection
    ? `${connection.answer.status} ${connection.answer.body}`
    : `${connection.failed}: ${connection.reason}`

describe("a connection", () => {
  it("comes to an answer, with what was asked", async () => {
    const url = await httpServer((request, response) => {
      response.writeHead(404).end(`${request.method ?? ""} ${request.url ?? ""} ${request.headers.authorization ?? ""}`)
    })
    const connection = await get(`${url}/a/b?c=d`, { headers: { Authorization: "Bearer x" } })
    expect(short(connection)).toBe("404 GET /a/b?c=d Bearer x")
    const answer = "answer" in connection ? connection.answer : undefined
    const date = new Date(String(answer?.headers.date)).getTime()
    expect(Math.abs((answer?.at.getTime() ?? 0) - date)).toBeLessThan(2000)
  })

  it("ends at DNS for a name that does not exist", async () => {
    expect(short(await get("https://api.invalid/"))).toMatch(/^DNS: getaddrinfo (?:ENOTFOUND|EAI_AGAIN) api\.invalid$/)
  })

  it("ends at TCP where nothing listens", async () => {
    const port = await freePort()
    expect(short(await get(`http://127.0.0.1:${port}/`))).toBe(`TCP: connect ECONNREFUSED 127.0.0.1:${port}`)
  })

  it("says so as well where a name has several addresses", async () => {
    const port = await freePort()
    expect(short(await get(`http://localhost:${port}/`))).toMatch(/^TCP: connect ECONNREFUSED /)
  })

  it("ends at TLS for a certificate that nobody vouches for, and does not once it is trusted", async () => {
    const { url, certificate } = await httpsServer((_, response) => response.end("secure"))
    expect(short(await get(url))).toBe("TLS: self-signed certificate")
    expect(short(await get(url, { ca: [certificate] }))).toBe("200 secure")
  })

  it("ends at TLS for a certificate of another name", async () => {
    const { url, certificate } = await httpsServer((_, response) => response.end("secure"))
    expect(short(await get(url.replace("localhost", "127.0.0.1"), { ca: [certificate] }))).toMatch(
      /^TLS: Hostname\/IP does not match certificate's altnames/,
    )
  })

  it("ends at HTTP for what is no HTTP, for what never answers, and for what has no end", async () => {
    const talker = createServer((socket) => socket.end("220 mail.example ready\r\n")).listen(0, "127.0.0.1")
    await once(talker, "listening")
    expect(short(await get(`http://127.0.0.1:${(talker.address() as AddressInfo).port}/`))).toMatch(
      /^HTTP: Parse Error/,
    )
    talker.close()
    const silent = await httpServer(() => undefined)
    expect(short(await get(silent, { timeoutMs: 300 }))).toBe("HTTP: no answer within 0.3 s")
    const endless = await httpServer((_, response) => {
      const timer = setInterval(() => response.write("x".repeat(300_000)), 1)
      response.on("close", () => clearInterval(timer))
    })
    expect(short(await get(endless))).toBe("HTTP: the answer is too long")
  })
})

describe("a connection through a proxy", () => {
  it("asks the proxy for plain HTTP", async () => {
    const { url, asked } = await proxyServer()
    expect(short(await get("http://ghes.invalid/api?x", { through: url }))).toBe("200 by the proxy")
    expect(asked).toEqual(["GET http://ghes.invalid/api?x"])
  })

  it("tunnels HTTPS, with the proxy's user and password", async () => {
    const { url, certificate } = await httpsServer((_, response) => response.end("secure"))
    const proxy = await proxyServer("user:pass")
    expect(short(await get(url, { through: proxy.url, ca: [certificate] }))).toBe("200 secure")
    expect(proxy.asked).toEqual([`CONNECT ${new URL(url).host}`])
  })

  it("ends at the proxy where it refuses", async () => {
    const { url } = await httpsServer((_, response) => response.end("secure"))
    const proxy = await proxyServer("user:pass")
    expect(short(await get(url, { through: proxy.url.replace("pass", "wrong") }))).toBe(
      "proxy: it answers 407 Proxy Authentication Required",
    )
  })

  it("ends at the proxy where it has no way to the server", async () => {
    const proxy = await proxyServer()
    expect(short(await get(`https://127.0.0.1:${await freePort()}/`, { through: proxy.url }))).toBe(
      "proxy: socket hang up",
    )
  })

  it("ends at TLS for the server's certificate", async () => {
    const { url } = await httpsServer((_, response) => response.end("secure"))
    const proxy = await proxyServer()
    expect(short(await get(url, { through: proxy.url }))).toBe("TLS: self-signed certificate")
  })
})
