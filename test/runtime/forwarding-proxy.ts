import { once } from "node:events"
import { createServer, request } from "node:http"
import { type AddressInfo, connect } from "node:net"

/** A proxy that leads everything to one server, whatever its name, and notes with which credentials it was asked. */
export interface ForwardingProxy {
  readonly port: number
  /** `user:password HOST:PORT` */
  readonly asked: readonly string[]
  stop(): void
}

/** @param port of the server, on this machine */
export async function startProxy(port: number): Promise<ForwardingProxy> {
  const asked: string[] = []
  const note = (authorization: string | undefined, host: string | undefined): void => {
    const credentials = Buffer.from(authorization?.replace("Basic ", "") ?? "", "base64").toString("utf8")
    asked.push(`${credentials} ${host ?? ""}`)
  }
  const server = createServer((incoming, answer) => {
    const { pathname, search, host } = new URL(incoming.url ?? "", "http://nowhere")
    note(incoming.headers["proxy-authorization"], host)
    const { method, headers } = incoming
    const onward = request(
      { port, path: pathname + search, ...(method !== undefined && { method }), headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers)
        response.pipe(answer)
      },
    )
    onward.on("error", () => answer.destroy())
    incoming.pipe(onward)
  })
  server.on("connect", (incoming, client) => {
    note(incoming.headers["proxy-authorization"], incoming.url)
    const onward = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n")
      onward.pipe(client).pipe(onward)
    })
    for (const socket of [onward, client]) socket.on("error", () => socket.destroy())
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
