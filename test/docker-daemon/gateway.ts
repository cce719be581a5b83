/**
 * Servers of this process for containers, run in the network of their machine: each of its addresses leads to the server of that name.
 *
 *   nsenter --net --target PID node --import tsx gateway.ts FOLDER
 *
 * What comes to ADDRESS:443 goes to the socket FOLDER/ADDRESS. Port 3128 is an HTTP proxy that leads there whoever is asked for; it prints that.
 */
import { createServer as createHttpServer } from "node:http"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import type { Duplex } from "node:stream"

const HTTPS = 443
const PROXY = 3128

const folder = process.argv[2] ?? "."

function lead(client: Duplex, address: string | undefined): void {
  const server = connect(join(folder, address ?? ""))
  client.pipe(server).pipe(client)
  for (const [end, other] of [
    [client, server],
    [server, client],
  ] as const)
    end.on("error", () => undefined).on("close", () => other.destroy())
}

createServer((client) => lead(client, client.localAddress)).listen(HTTPS, "0.0.0.0")

createHttpServer()
  .on("connect", ({ url, socket }, client) => {
    console.log(`${socket.localAddress ?? ""} ${url ?? ""}`)
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n")
    lead(client, socket.localAddress)
  })
  .listen(PROXY, "0.0.0.0", () => console.log("ready"))
