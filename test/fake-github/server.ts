import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { Certificate } from "./certificate.js"
import { credentialsOf } from "./authorization.js"
import type { Fault } from "./faults.js"
import type { Answer, Request } from "./message.js"
import { primaryLimit, secondaryLimit } from "./rate-limit.js"
import { notFound, Refusal } from "./refusal.js"
import type { Router } from "./router.js"
import type { State } from "./state.js"

/** How the addresses of GitHub Enterprise Server's API begin. */
const ENTERPRISE_API = "/api/v3"

/** Where the API's rules, like limits, do not hold. */
const OTHERS = /^\/(?:_fake|_services)(?:\/|$)/

export interface ServerOptions {
  readonly host: string
  readonly port: number
  readonly certificate?: Certificate | undefined
}

/** Receives requests and sends what the routes answer, or what a fault wants. */
export class FakeServer {
  readonly #options: ServerOptions
  readonly #router: Router
  readonly #state: State
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port: number

  constructor(options: ServerOptions, router: Router, state: State) {
    this.#options = options
    this.#router = router
    this.#state = state
    this.#port = options.port
  }

  get port(): number {
    return this.#port
  }

  /** Listens, on the same port as before when it did. */
  async up(): Promise<void> {
    if (this.#server) return
    const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      void this.#handle(incoming, outgoing)
    }
    const { certificate, host } = this.#options
    const server = certificate ? createHttpsServer(certificate, onRequest) : createHttpServer(onRequest)
    server.on(certificate ? "secureConnection" : "connection", (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once("close", () => this.#sockets.delete(socket))
      // A client that goes away is no event for a server.
      socket.on("error", () => undefined)
    })
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
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await this.#read(incoming, outgoing)
    const url = incoming.url ?? "/"
    const isAdmin = request.path.startsWith("/_fake")
    const { method, headers, body } = request
    const recorded = isAdmin
      ? undefined
      : this.#state.requests.add({ at: this.#state.clock.date().toISOString(), method, url, headers, body })
    const fault = isAdmin ? undefined : this.#state.faults.take(request)
    if (fault?.hang) return
    if (fault && fault.delay > 0) await sleep(fault.delay, undefined, { signal: request.signal }).catch(() => undefined)
    if (fault?.drop === "connection") return void outgoing.destroy()
    const answer = (fault && this.#faulty(fault)) ?? (await this.#answer(request))
    if (fault?.drop === "processed") return void outgoing.destroy()
    if (recorded) recorded.status = answer.status
    this.#send(outgoing, answer, fault)
  }

  async #read(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Request> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const gone = new AbortController()
    outgoing.once("close", () => gone.abort())
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
    const scheme = this.#options.certificate ? "https" : "http"
    const origin = `${scheme}://${headers.host ?? "localhost"}`
    const { pathname, searchParams } = new URL(incoming.url ?? "/", origin)
    const isEnterprise = pathname === ENTERPRISE_API || pathname.startsWith(`${ENTERPRISE_API}/`)
    return {
      method: incoming.method ?? "GET",
      path: (isEnterprise ? pathname.slice(ENTERPRISE_API.length) : pathname) || "/",
      query: searchParams,
      headers,
      body: Buffer.concat(chunks).toString("utf8"),
      origin,
      api: isEnterprise ? origin + ENTERPRISE_API : origin,
      signal: gone.signal,
    }
  }

  async #answer(request: Request): Promise<Answer> {
    let headers: Readonly<Record<string, string>> = {}
    try {
      this.#state.abandonLostJobs()
      const found = this.#router.find(request)
      if (!OTHERS.test(request.path)) headers = this.#rules(request)
      if (!found) throw notFound()
      const answer = await found.handler(request, found.parameters)
      return { ...answer, headers: { ...headers, ...answer.headers } }
    } catch (error) {
      if (error instanceof Refusal) return refused(error, headers)
      return { status: 500, body: { message: error instanceof Error ? error.message : String(error) } }
    }
  }

  /** What holds for every request to the API. */
  #rules(request: Request): Readonly<Record<string, string>> {
    // https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
    if (!request.headers["user-agent"])
      throw new Refusal(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
        "https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent",
      )
    if (request.path === "/rate_limit") return {}
    return this.#state.rateLimit.count(credentialsOf(request)?.token ?? "")
  }

  #faulty({ status, message, body, headers, limit }: Fault): Answer | undefined {
    if (limit) {
      const { kind, seconds } = limit
      const refusal =
        kind === "secondary"
          ? secondaryLimit(seconds)
          : primaryLimit(this.#state.rateLimit.exhausted(seconds ?? this.#state.rateLimit.window))
      return { ...refused(refusal, headers), ...(status !== undefined && { status }) }
    }
    if (status === undefined && body === undefined) return undefined
    const refusal = new Refusal(status ?? 200, message ?? "Set by a fault")
    return { status: refusal.status, body: body ?? refusal.body, headers }
  }

  #send(outgoing: ServerResponse, { status, body, headers }: Answer, fault: Fault | undefined): void {
    const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body)
    outgoing.writeHead(status, {
      date: this.#state.clock.date().toUTCString(),
      "x-github-request-id": `FAKE:${Math.random().toString(16).slice(2, 14).toUpperCase()}`,
      ...(text !== "" && {
        "content-type": typeof body === "string" ? "text/html" : "application/json; charset=utf-8",
      }),
      "content-length": Buffer.byteLength(text),
      ...headers,
    })
    if (fault?.drop !== "answer") return void outgoing.end(text)
    outgoing.write(text.slice(0, Math.ceil(text.length / 2)), () => outgoing.destroy())
  }
}

function refused(refusal: Refusal, headers: Readonly<Record<string, string>>): Answer {
  return { status: refusal.status, body: refusal.body, headers: { ...headers, ...refusal.headers } }
}
