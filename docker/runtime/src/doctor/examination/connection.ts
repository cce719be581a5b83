import { once } from "node:events"
import { request, type IncomingMessage } from "node:http"
import { connect as connectTcp, isIP, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"

/** The stages of a connection. */
export type Stage = "DNS" | "TCP" | "proxy" | "TLS" | "HTTP"

/** The result of an attempt to connect: an answer, or the stage that failed. */
export type Connection = { url: URL; proxy?: URL } & ({ answer: Answer } | { failed: Stage; reason: string })

export interface Answer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: string
  /** The clock's time in the middle of the exchange. */
  at: Date
}

export interface ConnectOptions {
  proxy?: URL | undefined
  headers?: Readonly<Record<string, string>>
  /** Certificates to trust, in PEM; Node's own if absent. */
  ca?: readonly string[] | undefined
  timeoutMs?: number
}

/** GitHub's answers to these requests have a few kilobytes. */
const MAX_BODY = 1_000_000
const DEFAULT_TIMEOUT_MS = 10_000

/** GETs an address once, step by step, without retries, so that a failure can be named by its step. Never throws. */
export async function connect(url: URL, options: ConnectOptions = {}): Promise<Connection> {
  const { proxy, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const attempt = new Attempt(url, options)
  const timer = setTimeout(() => attempt.giveUp(`no answer within ${timeoutMs / 1000} s`), timeoutMs)
  const base = { url, ...(proxy && { proxy }) }
  try {
    return { ...base, answer: await attempt.run() }
  } catch (error) {
    return { ...base, failed: attempt.stage, reason: reasonOf(error) }
  } finally {
    clearTimeout(timer)
    attempt.close()
  }
}

class Attempt {
  stage: Stage = "TCP"
  private readonly sockets: Socket[] = []

  constructor(
    private readonly url: URL,
    private readonly options: ConnectOptions,
  ) {}

  async run(): Promise<Answer> {
    const { url } = this
    const { proxy, headers = {} } = this.options
    let socket = await this.tcp(proxy ?? url)
    if (proxy?.protocol === "https:") socket = await this.tls(socket, proxy)
    if (url.protocol === "https:") {
      if (proxy) socket = await this.tunnel(socket, proxy)
      socket = await this.tls(socket, url)
    }
    const throughProxy = proxy && url.protocol === "http:"
    return this.http(socket, throughProxy ? url.href : `${url.pathname}${url.search}`, {
      ...headers,
      ...(throughProxy && authorization(proxy)),
    })
  }

  giveUp(reason: string): void {
    for (const socket of this.sockets) socket.destroy(new Error(reason))
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  private async tcp(to: URL): Promise<Socket> {
    const host = hostOf(to)
    this.stage = isIP(host) === 0 ? "DNS" : "TCP"
    const socket = this.keep(connectTcp(portOf(to), host))
    socket.on("lookup", (error: Error | null) => {
      if (error === null) this.stage = "TCP"
    })
    await once(socket, "connect")
    return socket
  }

  private async tunnel(socket: Socket, proxy: URL): Promise<Socket> {
    this.stage = "proxy"
    const { url } = this
    const path = `${url.hostname}:${portOf(url)}`
    const asked = request({
      method: "CONNECT",
      path,
      host: hostOf(proxy),
      headers: { Host: path, ...authorization(proxy) },
      createConnection: () => socket,
    })
    asked.end()
    const [response] = (await once(asked, "connect")) as [IncomingMessage]
    if (response.statusCode !== 200)
      throw new Error(`it answers ${String(response.statusCode)} ${response.statusMessage ?? ""}`.trim())
    return socket
  }

  private async tls(socket: Socket, to: URL): Promise<Socket> {
    this.stage = "TLS"
    const host = hostOf(to)
    const { ca } = this.options
    const secure = this.keep(
      connectTls({ socket, host, ...(isIP(host) === 0 && { servername: host }), ...(ca && { ca: [...ca] }) }),
    )
    await once(secure, "secureConnect")
    return secure
  }

  private async http(socket: Socket, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    this.stage = "HTTP"
    const start = Date.now()
    const asked = request({
      path,
      host: hostOf(this.url),
      headers: { "User-Agent": "runner-images", ...headers, Host: this.url.host, Connection: "close" },
      createConnection: () => socket,
    })
    asked.end()
    const [response] = (await once(asked, "response")) as [IncomingMessage]
    const at = new Date((start + Date.now()) / 2)
    let body = ""
    response.setEncoding("utf8")
    for await (const chunk of response as AsyncIterable<string>) {
      body += chunk
      if (body.length > MAX_BODY) throw new Error("the answer is too long")
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body, at }
  }

  private keep<T extends Socket>(socket: T): T {
    this.sockets.push(socket)
    // An error reaches the caller that waits for the socket; later ones are ignored.
    socket.on("error", () => undefined)
    return socket
  }
}

const portOf = (url: URL): number => Number(url.port || (url.protocol === "https:" ? 443 : 80))

/** Without the brackets that an IPv6 address has in a URL. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "")

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {}
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { "Proxy-Authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }
}

/** An error that stands for failures at all addresses of a name has no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join(", ")
  return error instanceof Error ? error.message : String(error)
}
