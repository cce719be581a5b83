import { createAdaptorServer, type HttpBindings } from "@hono/node-server"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import { type Context, Hono, type Next } from "hono"
import type { StatusCode } from "hono/utils/http-status"
import type { IncomingMessage, Server } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import type { Certificate } from "./certificate.js"
import { credentialsOf } from "./authorization.js"
import type { Fault } from "./faults.js"
import type { Answer, Request as RouteRequest, Route } from "./message.js"
import { primaryLimit, secondaryLimit } from "./rate-limit.js"
import { notFound, Refusal } from "./refusal.js"
import type { State } from "./state.js"

/** How the addresses of GitHub Enterprise Server's API begin. */
const ENTERPRISE_API = "/api/v3"
const ENTERPRISE_PATH = /^\/api\/v3(?=\/|$)/

const JSON_TYPE = "application/json; charset=utf-8"

/** Where the API's rules, like limits, do not hold. */
const OTHERS = /^\/(?:_fake|_services)(?:\/|$)/

/** What is done with connections for other protocols. */
export interface Upgrades {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

export interface ServerOptions {
  readonly host: string
  readonly port: number
  readonly certificate?: Certificate | undefined
  readonly upgrades: Upgrades
}

type Call = Context<{ Bindings: HttpBindings }>

/** Receives requests and sends what the routes answer, or what a fault wants. */
export class FakeServer {
  readonly #options: ServerOptions
  readonly #state: State
  readonly #app: Hono<{ Bindings: HttpBindings }>
  #server: Server | undefined
  #port: number

  constructor(options: ServerOptions, routes: readonly Route[], state: State) {
    this.#options = options
    this.#state = state
    this.#port = options.port
    this.#app = new Hono<{ Bindings: HttpBindings }>({
      getPath: ({ url }) => new URL(url).pathname.replace(ENTERPRISE_PATH, "").replace(/\/$/, "") || "/",
    })
    this.#app.use((call, next) => this.#meetFault(call, next))
    this.#app.use((call, next) => this.#applyRules(call, next))
    for (const [method, path, handler] of routes)
      this.#app.on(method, path, async (call) => send(call, await handler(await read(call), call.req.param())))
    this.#app.notFound((call) => send(call, notFound()))
    this.#app.onError((error, call) =>
      send(call, error instanceof Refusal ? error : { status: 500, body: { message: error.message } }),
    )
  }

  get port(): number {
    return this.#port
  }

  /** Listens, on the same port as before when it did. */
  async up(): Promise<void> {
    if (this.#server) return
    const { certificate, host } = this.#options
    const server = createAdaptorServer({
      fetch: this.#app.fetch,
      overrideGlobalObjects: false,
      ...(certificate && { createServer: createHttpsServer, serverOptions: certificate }),
    }) as Server
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#options.upgrades.upgrade(request, socket, head),
    )
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(this.#port, host, resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Closes every connection and listens no more: clients are refused. */
  async down(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = undefined
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    this.#options.upgrades.close()
    await closed
  }

  async #meetFault(call: Call, next: Next): Promise<void> {
    call.header("date", this.#state.clock.date().toUTCString())
    call.header("x-github-request-id", `FAKE:${Math.random().toString(16).slice(2, 14).toUpperCase()}`)
    if (call.req.path.startsWith("/_fake")) {
      await next()
      return
    }
    const { method, headers, body } = await read(call)
    const at = this.#state.clock.date().toISOString()
    const recorded = this.#state.requests.add({ at, method, url: call.env.incoming.url ?? "/", headers, body })
    const fault = this.#state.faults.take(call.req)
    if (fault?.hang) return await new Promise<never>(() => undefined)
    if (fault && fault.delay > 0)
      await sleep(fault.delay, undefined, { signal: call.req.raw.signal }).catch(() => undefined)
    if (fault?.drop === "connection") {
      drop(call)
      return
    }
    const answer = fault && this.#faulty(fault)
    if (answer) call.res = send(call, answer)
    else await next()
    if (fault?.drop === "processed") drop(call)
    else recorded.status = call.res.status
    if (fault?.drop === "answer") await sendHalf(call)
  }

  /** What holds for every request to the API. */
  async #applyRules(call: Call, next: Next): Promise<void> {
    this.#state.abandonLostJobs()
    if (!OTHERS.test(call.req.path)) {
      // https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
      if (!call.req.header("user-agent"))
        throw new Refusal(
          403,
          "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
          "https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent",
        )
      const limits = call.req.path === "/rate_limit" ? {} : this.#state.rateLimit.count(tokenOf(call))
      for (const [name, value] of Object.entries(limits)) call.header(name, value)
    }
    await next()
  }

  #faulty({ status, message, body, headers, limit }: Fault): Answer | undefined {
    if (limit) {
      const { kind, seconds } = limit
      const refusal =
        kind === "secondary"
          ? secondaryLimit(seconds)
          : primaryLimit(this.#state.rateLimit.exhausted(seconds ?? this.#state.rateLimit.window))
      return { status: status ?? refusal.status, body: refusal.body, headers: { ...headers, ...refusal.headers } }
    }
    if (status === undefined && body === undefined) return undefined
    const refusal = new Refusal(status ?? 200, message ?? "Set by a fault")
    return { status: refusal.status, body: body ?? refusal.body, headers }
  }
}

function tokenOf({ req }: Call): string {
  return credentialsOf({ headers: req.header() })?.token ?? ""
}

async function read({ req }: Call): Promise<RouteRequest> {
  const { origin, pathname, searchParams } = new URL(req.url)
  return {
    method: req.method,
    path: req.path,
    query: searchParams,
    headers: req.header(),
    body: await req.text(),
    origin,
    api: ENTERPRISE_PATH.test(pathname) ? origin + ENTERPRISE_API : origin,
    signal: req.raw.signal,
  }
}

function send(call: Call, { status, body, headers }: Answer): Response {
  call.status(status as StatusCode)
  if (body === undefined) return call.body(null, { headers: { ...headers } })
  if (body instanceof Uint8Array)
    return call.body(Buffer.from(body), { headers: { "content-type": "application/octet-stream", ...headers } })
  const [text, type] = typeof body === "string" ? [body, "text/html"] : [JSON.stringify(body), JSON_TYPE]
  return call.body(text, { headers: { "content-type": type, ...headers } })
}

function drop(call: Call): void {
  call.env.outgoing.destroy()
  call.res = RESPONSE_ALREADY_SENT
}

async function sendHalf(call: Call): Promise<void> {
  const { status, headers } = call.res
  const text = await call.res.text()
  const { outgoing } = call.env
  outgoing.writeHead(status, { ...Object.fromEntries(headers), "content-length": Buffer.byteLength(text) })
  outgoing.write(text.slice(0, Math.ceil(text.length / 2)), () => outgoing.destroy())
  call.res = RESPONSE_ALREADY_SENT
}
