import { createServer, request, type Server } from "node:http"
import { connect } from "node:net"

/** An HTTP proxy that knows one host that no name service does: it leads to this machine. */
export interface ForwardProxy {
  readonly port: number
  /** Hosts that were asked for, with their ports. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/** @param host `github.test.invalid` */
export async function startForwardProxy(host: string): Promise<ForwardProxy> {
  const asked: string[] = []
  const address = (name: string): string => (name === host ? "127.0.0.1" : name)
  const server: Server = createServer((incoming, outgoing) => {
    const { hostname, host: target, port, pathname, search } = new URL(incoming.url ?? "")
    asked.push(target)
    const { method, headers } = incoming
    const onward = request({ host: address(hostname), port, path: pathname + search, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on("error", () => outgoing.destroy())
    outgoing.on("close", () => onward.destroy())
    incoming.pipe(onward)
  })
  server.on("connect", ({ url = "" }, client, head) => {
    asked.push(url)
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
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
