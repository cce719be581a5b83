import { mkdtempSync, rmSync } from "node:fs"
import { connect, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Two ends of a real connection. */
export async function socketPair(): Promise<readonly [Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), "socket-pair-"))
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(folder, "socket"), resolve))
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve))
  const one = connect(join(folder, "socket"))
  const other = await accepted
  server.close()
  rmSync(folder, { recursive: true })
  return [one, other]
}
