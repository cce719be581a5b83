import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http"
import { connect } from "node:net"

/** An HTTP proxy that resolves one host name, which no name server knows, to this machine. */
export interface ForwardProxy {
  readonly port: number
  /** The host of each request, with its port. */
  readonly asked: readonly string[]
  /** The credentials of each request, `user:password`; empty without any. */
  readonly credentials: readonly string[]
  close(): Promise<void>
}

/** @param host `github.example` */
export async function startForwardProxy(host: string): Promise<ForwardProxy> {
  const asked: string[] = []
  const credentials: string[] = []
  const note = (target: string, { "proxy-authorization": authorization = "" }: IncomingHttpHeaders): void => {
    asked.push(target)
    credentials.push(Buffer.from(authorization.replace("Basic ", ""), "base64").toString("utf8"))
  }
  const address = (name: string): string => (name === host ? "127.0.0.1" : name)
  const server: Server = createServer((incoming, outgoing) => {
    const { hostname, host: target, port, pathname, search } = new URL(incoming.url ?? "")
    const { method, headers } = incoming
    note(target, headers)
    const onward = request({ host: address(hostname), port, path: pathname + search, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on("error", () => outgoing.destroy())
    outgoing.on("close", () => onward.destroy())
    incoming.pipe(onward)
  })
  server.on("connect", ({ url = "", headers }, client, head) => {
    note(url, headers)
    const { hostname, port } = new URL(`http://${url}`)
    const onward = connect(Number(port), address(hostname), () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      onward.write(head)
      onward.pipe(client).pipe(onward)
    })
    for (const [end, other] of [
      [client, onward],
      [onward, client],
    ] as const)
      end.on("error", () => undefined).on("close", () => other.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const bound = server.address()
  if (bound === null || typeof bound === "string") throw new Error("a server without a port")
  return {
    port: bound.port,
    asked,
    credentials,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
