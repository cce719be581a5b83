import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server } from "node:http"
import { createServer as createHttps } from "node:https"
import { connect, type AddressInfo, type Socket } from "node:net"
import { join } from "node:path"
import { afterEach } from "vitest"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const running: (() => void)[] = []
afterEach(() => {
  for (const stop of running.splice(0)) stop()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  running.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** An HTTP server that stops after the test, at `http://127.0.0.1:PORT`. */
export async function httpServer(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createHttp(listener))}`
}

/** An HTTPS server with a certificate of its own for `localhost`. */
export async function httpsServer(listener: RequestListener): Promise<{ url: string; certificate: string }> {
  const folder = temporaryFolder("certificate")
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")]
  const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
  const made = spawnSync(
    "openssl",
    [...request.split(" "), "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
    { encoding: "utf8" },
  )
  if (made.status !== 0) throw new Error(made.stderr)
  const [keyText, certificate] = [readFileSync(key, "utf8"), readFileSync(cert, "utf8")]
  const port = await listen(createHttps({ key: keyText, cert: certificate }, listener))
  return { url: `https://localhost:${port}`, certificate }
}

/** A proxy that asks for credentials, if some are given, and notes what it is asked for. */
export async function proxyServer(credentials?: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`
  const server = createHttp((request, response) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`)
    response.end("by the proxy")
  })
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${request.url ?? ""}`)
    client.on("error", () => undefined)
    if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
      return
    }
    const upstream = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n")
      upstream.pipe(client)
      client.pipe(upstream)
    })
    upstream.on("error", () => client.destroy())
    running.push(() => client.destroy())
  })
  return { url: `http://${credentials ? `${credentials}@` : ""}127.0.0.1:${await listen(server)}`, asked }
}
