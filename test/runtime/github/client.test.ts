import { afterEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { GitHubClient, type ClientLimits, type Request } from "../../../docker/runtime/src/github/client.js"
import { serverFetchRefuses } from "../../unit/refused-port.js"
import {
  type Answer,
  failureOf,
  freePort,
  keptLog,
  QUICK,
  scriptedServer,
  type ScriptedServer,
} from "./scripted-server.js"

const THING = z.object({ token: z.string() })
const OK: Answer = { status: 201, body: { token: "fresh", expires_at: "2026-01-01T00:00:00Z" } }

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function answering(...answers: Answer[]): Promise<ScriptedServer> {
  return (server = await scriptedServer(answers))
}

function ask(
  url: string,
  { limits, signal }: { limits?: Partial<ClientLimits>; signal?: AbortSignal } = {},
  request: Partial<Request<z.infer<typeof THING>>> = {},
) {
  const log = keptLog()
  const client = new GitHubClient(url, { log, userAgent: "runner-images/1.2.3", limits: { ...QUICK, ...limits } })
  const result = client.request({
    method: "POST",
    path: "repos/octo/example/actions/runners/registration-token",
    authorization: "Bearer secret-of-the-user",
    answer: THING,
    what: "a thing",
    permission: "Ask an owner.",
    signal,
    ...request,
  })
  return { result, log }
}

it("sends what GitHub wants to see", async () => {
  const { url, requests, headers } = await answering(OK)
  expect(await ask(url).result).toEqual({ token: "fresh" })
  expect(requests).toEqual(["POST /repos/octo/example/actions/runners/registration-token"])
  const { accept, authorization, "user-agent": agent, "x-github-api-version": version } = headers[0] ?? {}
  expect({ accept, authorization, agent, version }).toMatchInlineSnapshot(`
    {
      "accept": "application/vnd.github+json",
      "agent": "runner-images/1.2.3",
      "authorization": "Bearer secret-of-the-user",
      "version": "2022-11-28",
    }
  `)
})

it("keeps the path of a GitHub Enterprise Server", async () => {
  const { url, requests } = await answering(OK)
  await ask(`${url}/api/v3`).result
  expect(requests).toEqual(["POST /api/v3/repos/octo/example/actions/runners/registration-token"])
})

describe("an answer that is final", () => {
  it.each([
    [401, { message: "Bad credentials" }],
    [403, { message: "Resource not accessible by personal access token" }],
    [404, { message: "Not Found" }],
    [422, { message: "Validation\n  Failed" }],
    [500, "<html>oops</html>"],
    [200, "<html>the proxy's page</html>"],
    [200, { no: "token" }],
  ])("%i %j", async (status, body) => {
    const { url, requests } = await answering({ status, body }, OK)
    expect(await failureOf(ask(url).result)).toMatchSnapshot()
    expect(requests).toHaveLength(1)
  })
})

it("shows no token that comes back in an answer", async () => {
  const { url } = await answering({ status: 403, body: { message: "authorization: Bearer secret-of-the-user" } })
  expect(await failureOf(ask(url).result)).toMatchInlineSnapshot(
    `"TOKEN_INVALID: 127.0.0.1:PORT does not allow a thing: 403, "authorization: Bearer ***" | Ask an owner."`,
  )
})

describe("trouble that passes", () => {
  it.each<[string, Answer]>([
    ["408", { status: 408 }],
    ["502", { status: 502, body: "<html>" }],
    ["503", { status: 503 }],
    ["504", { status: 504 }],
    ["a closed connection", "drop"],
  ])("%s is waited out", async (_, trouble) => {
    const { url, requests } = await answering(trouble, trouble, OK)
    const { result, log } = ask(url)
    expect(await result).toEqual({ token: "fresh" })
    expect(requests).toHaveLength(3)
    expect(log.lines.map((line) => line.replace(/:\d+/, ":PORT"))).toMatchSnapshot()
  })

  it("a server that is silent is asked again", async () => {
    const { url, requests } = await answering("silence", OK)
    const { result, log } = ask(url, { limits: { request: 150 } })
    expect(await result).toEqual({ token: "fresh" })
    expect(requests).toHaveLength(2)
    expect(log.lines.map((line) => line.replace(/:\d+/, ":PORT"))).toMatchInlineSnapshot(`
      [
        "warning: 127.0.0.1:PORT: no answer in time, trying again in 1 s",
      ]
    `)
  })

  it("a server that is down is waited for until it is up", async () => {
    const port = await freePort()
    const { result, log } = ask(`http://127.0.0.1:${String(port)}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(log.lines.length).toBeGreaterThan(2)
    server = await scriptedServer([OK], port)
    expect(await result).toEqual({ token: "fresh" })
    expect(server.requests).toHaveLength(1)
  })

  it("not for ever", async () => {
    const port = await freePort()
    const start = performance.now()
    const { result } = ask(`http://127.0.0.1:${String(port)}`, { limits: { window: 400 } })
    expect(await failureOf(result)).toMatchInlineSnapshot(
      `"NETWORK: 127.0.0.1:PORT cannot be reached: connection refused | Check that the container has network access to it, and GITHUB_HOST, GITHUB_API_HOST and the proxy variables."`,
    )
    expect(performance.now() - start).toBeLessThan(1000)
  })

  it("a port to which Node.js does not connect is no passing fault", async () => {
    const port = await serverFetchRefuses((_, response) => response.end())
    const { result, log } = ask(`http://127.0.0.1:${String(port)}`)
    expect(await failureOf(result)).toMatchInlineSnapshot(
      `"NETWORK: 127.0.0.1:PORT cannot be reached: Node.js connects to no server on this port, which the Fetch standard reserves for other protocols | Let the server listen on another port as well, and name that one in GITHUB_HOST or GITHUB_API_HOST."`,
    )
    expect(log.lines).toEqual([])
  })

  it("lasting 503 tells what the server said", async () => {
    const { url } = await answering({ status: 503, body: { message: "Unicorn" } })
    expect(await failureOf(ask(url, { limits: { window: 100 } }).result)).toMatchInlineSnapshot(
      `"NETWORK: 127.0.0.1:PORT is not available: 503, "Unicorn" | Start again later."`,
    )
  })

  it("a host that no one knows has a shorter time", async () => {
    const start = performance.now()
    // Where there is no name service, it is that which does not answer.
    const limits = { window: 1000, unknownHost: 100 }
    expect(await failureOf(ask("http://api.example.invalid", { limits }).result)).toMatch(
      /^NETWORK: api\.example\.invalid cannot be reached: (its name cannot be resolved|name service not answering) \|/,
    )
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe("a rate limit", () => {
  const now = () => Math.floor(Date.now() / 1000)

  it.each<[string, () => Answer]>([
    ["429 with Retry-After", () => ({ status: 429, headers: { "retry-after": "1" } })],
    ["403 with Retry-After", () => ({ status: 403, headers: { "retry-after": "1" }, body: { message: "secondary" } })],
    [
      "a limit that is used up, until the server's second",
      () => {
        // The server's clock is an hour ahead of ours; only the difference between its own times counts.
        const there = now() + 3600
        return {
          status: 403,
          headers: {
            date: new Date(there * 1000).toUTCString(),
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": String(there),
          },
        }
      },
    ],
  ])("%s is waited out", async (_, limited) => {
    const { url, requests } = await answering(limited(), OK)
    const { result, log } = ask(url, { limits: { window: 0 } })
    const start = performance.now()
    expect(await result).toEqual({ token: "fresh" })
    expect(performance.now() - start).toBeGreaterThan(900)
    expect(requests).toHaveLength(2)
    expect(log.lines.map((line) => line.replace(/:\d+/, ":PORT"))).toEqual([
      "warning: 127.0.0.1:PORT: rate limit, trying again in 1 s",
    ])
  })

  it("that lasts too long is told at once", async () => {
    const { url, requests } = await answering({ status: 429, headers: { "retry-after": "3600" } }, OK)
    expect(await failureOf(ask(url).result)).toMatchInlineSnapshot(
      `"NETWORK: 127.0.0.1:PORT limits the rate of requests: 429 | It asks clients to wait 3600 s. Start again then, with fewer runners at once, or use a GitHub App: it has a limit of its own."`,
    )
    expect(requests).toHaveLength(1)
  })

  it("without a time is a minute, by its message alone too", async () => {
    const { url } = await answering({ status: 403, body: { message: "You have exceeded a secondary rate limit." } })
    expect(await failureOf(ask(url).result)).toMatchInlineSnapshot(
      `"NETWORK: 127.0.0.1:PORT limits the rate of requests: 403, "You have exceeded a secondary rate limit." | It asks clients to wait 60 s. Start again then, with fewer runners at once, or use a GitHub App: it has a limit of its own."`,
    )
  })

  it("that comes again and again is not waited for for ever", async () => {
    const { url, requests } = await answering({ status: 429, headers: { "retry-after": "1" } })
    expect(await failureOf(ask(url, { limits: { rateLimit: 1500 } }).result)).toMatchInlineSnapshot(
      `"NETWORK: 127.0.0.1:PORT limits the rate of requests: 429 | It asks clients to wait 1 s. Start again then, with fewer runners at once, or use a GitHub App: it has a limit of its own."`,
    )
    expect(requests).toHaveLength(2)
  })
})

describe("an abort", () => {
  const reason = new Error("stopped by SIGTERM")

  it.each<[string, Answer]>([
    ["a request", "silence"],
    ["the back-off", { status: 503 }],
    ["a rate limit's wait", { status: 429, headers: { "retry-after": "8" } }],
  ])("ends %s", async (_, answer) => {
    const { url } = await answering(answer)
    const controller = new AbortController()
    const { result } = ask(url, {
      limits: { request: 30_000, window: 60_000, delay: 20_000, longestDelay: 20_000 },
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(reason), 200)
    const start = performance.now()
    await expect(result).rejects.toBe(reason)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  it("that was before asks nothing", async () => {
    const { url, requests } = await answering(OK)
    await expect(ask(url, { signal: AbortSignal.abort(reason) }).result).rejects.toBe(reason)
    expect(requests).toEqual([])
  })
})
