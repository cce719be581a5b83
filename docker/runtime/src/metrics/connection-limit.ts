import type { Server } from "node:http"
import type { Socket } from "node:net"

/**
 * Limits a server's connections by closing the one that has waited longest instead of rejecting the newest: a client that opens many and sends
 * nothing loses those, and a client that sends a request is answered. Connections whose answer is in progress are closed last. Addresses do not
 * count, since a probe and a job may have the same one.
 */
export function limitConnections(server: Server, most: number): void {
  /** Those that wait for a request or for the rest of one, in the order in which they began to. */
  const waiting = new Set<Socket>()
  const answering = new Set<Socket>()
  server.on("connection", (socket) => {
    if (waiting.size + answering.size >= most) closeOldest(waiting, answering)
    waiting.add(socket)
    socket.once("close", () => {
      waiting.delete(socket)
      answering.delete(socket)
    })
  })
  server.on("request", ({ socket }, response) => {
    waiting.delete(socket)
    answering.add(socket)
    // Also when it was not all sent, since the other side went away.
    response.once("close", () => {
      // It has gone, or has another request, which came before this answer was sent.
      if (answering.delete(socket) && !socket.destroyed) waiting.add(socket)
    })
  })
}

function closeOldest(waiting: Set<Socket>, answering: Set<Socket>): void {
  for (const kind of [waiting, answering]) {
    const [oldest] = kind
    if (!oldest) continue
    // Its close event comes later; until then it counts no more.
    kind.delete(oldest)
    oldest.destroy()
    return
  }
}
