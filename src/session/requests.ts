import { subscribe } from "node:diagnostics_channel"
import type { ClientRequest } from "node:http"
import { z } from "zod"
import type { Traffic } from "../../dagger/src/core/bench/bench.js"

/** Where Dagger's client sends queries. */
const QUERY_PATH = "/query"

const sent: Traffic = { requests: 0, bytes: 0 }

const messageSchema = z.object({ request: z.custom<ClientRequest>((value) => value !== null) })

// Node.js reports each request once its headers are known. The client has no hook for it.
subscribe("http.client.request.start", (message) => {
  const { request } = messageSchema.parse(message)
  if (request.path !== QUERY_PATH) return
  sent.requests += 1
  sent.bytes += Number(request.getHeader("content-length") ?? 0)
})

/** What Dagger's client has sent to engines since this process started. */
export function trafficSoFar(): Traffic {
  return { ...sent }
}
