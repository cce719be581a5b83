import type { RequestListener } from "node:http"
import { createServer } from "node:http"
import { onTestFinished } from "vitest"

/** Some of the ports to which neither browsers nor `fetch` connect. */
const PORTS = [5060, 5061, 6000, 6566, 6665, 6697, 10080]

/** A server on a port of this host to which `fetch` does not connect, for one test. */
export async function serverFetchRefuses(listener: RequestListener): Promise<number> {
  for (const port of PORTS) {
    const server = createServer(listener)
    const listening = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true))
    })
    if (!listening) continue
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const refusal: unknown = await fetch(`http://127.0.0.1:${String(port)}/`).catch((error: unknown) => error)
    if (!(refusal instanceof TypeError)) throw new Error(`fetch connects to port ${String(port)}`)
    return port
  }
  throw new Error(`other programs have all of the ports ${PORTS.join(", ")}`)
}
