import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

const ARCHIVE = "http://deb.debian.org"

/** A service like snapshot.debian.org, which has the archive of today at any time. */
export interface PackageSnapshots {
  port: number
  /** The paths that were asked for. */
  requests: string[]
  close: () => Promise<void>
}

export async function packageSnapshots(): Promise<PackageSnapshots> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? "")
    void forward(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => {
          resolve()
        })
      }),
  }
}

/** `/archive/NAME/TIME/PATH` is `/NAME/PATH` of the archive. */
async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, name, path] = /^\/archive\/([^/]+)\/\d{8}T\d{6}Z\/(.+)$/.exec(request.url ?? "") ?? []
  if (name === undefined || path === undefined) {
    response.writeHead(404).end()
    return
  }
  try {
    const found = await fetch(`${ARCHIVE}/${name}/${path}`)
    response.writeHead(found.status, {
      "content-type": found.headers.get("content-type") ?? "application/octet-stream",
    })
    if (found.body) await pipeline(Readable.fromWeb(found.body), response)
    else response.end()
  } catch {
    // apt tries again.
    response.destroy()
  }
}
