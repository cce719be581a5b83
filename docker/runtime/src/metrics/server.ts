import { createServer, type IncomingMessage, type Server } from "node:http"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { limitConnections } from "./connection-limit.js"

/** What a path answers with. */
export interface Answer {
  status: number
  type: string
  body: string
}

/** Answers by path; every one of them by GET and HEAD. */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>

const TEXT = "text/plain; charset=utf-8"

/** Nobody needs longer for a request this small; it keeps idle connections from piling up. */
const REQUEST_TIMEOUT_MS = 5_000

/** How often connections are checked for that. */
const CHECK_MS = 2_000

/** Each takes memory. */
const MAX_CONNECTIONS = 100

/** Connections that the kernel accepts before this program does. A client beyond them retries after a second, which is long for a probe. */
const BACKLOG = 4096

/** Clients of metrics send a few hundred bytes. */
const MAX_HEADER_BYTES = 8 * 1024

export interface RunningServer {
  port: number
  stop: () => Promise<void>
}

/**
 * Serves the routes on all interfaces, since scrapers are outside the container. It exposes no secret, and nothing
 * can be changed through it.
 *
 * @param port 0 for any free one
 * @throws the system's error if the port cannot be opened: EADDRINUSE, EACCES
 */
export async function serve(port: number, routes: Routes): Promise<RunningServer> {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => {
      void answer(request, routes).then(({ status, type, body }) => {
        response.writeHead(status, {
          "Content-Type": type,
          "Content-Length": Buffer.byteLength(body),
          "Cache-Control": "no-store",
          ...(status === 405 && { Allow: "GET, HEAD" }),
        })
        // Node sends only the headers for HEAD.
        response.end(body)
      })
    },
  )
  limitConnections(server, MAX_CONNECTIONS)
  server.listen({ port, backlog: BACKLOG })
  await once(server, "listening")
  // A connection that cannot be accepted is lost to its client; the runner continues.
  server.on("error", () => undefined)
  return { port: (server.address() as AddressInfo).port, stop: () => stop(server) }
}

async function answer({ url = "/", method = "" }: IncomingMessage, routes: Routes): Promise<Answer> {
  const [path = ""] = url.split("?", 1)
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (!route) return { status: 404, type: TEXT, body: `Not found. Available: ${Object.keys(routes).join(", ")}.\n` }
  if (method !== "GET" && method !== "HEAD") return { status: 405, type: TEXT, body: "Only GET and HEAD.\n" }
  try {
    return await route()
  } catch (error) {
    return { status: 500, type: TEXT, body: `${error instanceof Error ? error.message : String(error)}\n` }
  }
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, "close")
  server.close()
  server.closeAllConnections()
  await closed
}
