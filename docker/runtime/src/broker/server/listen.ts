import { chmodSync, lstatSync, rmSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { PeerCertificate } from "node:tls"
import type { BrokerEndpoint } from "../../configuration/broker.js"
import { RuntimeFailure } from "../../failure.js"
import { printable } from "../../files/printable.js"
import { addressText, KEEP_ALIVE, tlsFailure } from "../protocol/connect.js"

/** For both sides to have shown their certificates, in milliseconds. */
const HANDSHAKE_TIMEOUT = 10_000

/** Characters of a certificate's name, for the log. */
const LONGEST_NAME = 64

/** What is done with a connection, and who it is from. */
export type Connected = (stream: Duplex, peer: string) => void

/**
 * Listens for runners. A socket in the file system is this user's alone: the kernel asks for the right to write to it when somebody
 * connects, so that it takes the peer's user into account, and jobs have another.
 *
 * @throws {RuntimeFailure} CONFIGURATION when it cannot
 */
export async function listen(endpoint: BrokerEndpoint, connected: Connected): Promise<Server> {
  const { address } = endpoint
  const server = await serverFor(endpoint, connected)
  if (address.kind === "unix") await removeStale(address.path)
  // No moment passes in which others may write to it.
  const mask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      if (address.kind === "unix") server.listen(address.path, resolve)
      else server.listen(address.port, address.host, resolve)
    })
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException
    throw new RuntimeFailure(
      "CONFIGURATION",
      `the broker cannot listen on ${addressText(address)}: ${code === "" ? message : code}`,
      address.kind === "unix"
        ? "Mount a volume at its folder that the user runner-agent may write to, and start the broker as root, which it gives away, or as that user."
        : "Give another BROKER_LISTEN.",
    )
  } finally {
    process.umask(mask)
  }
  if (address.kind === "unix") chmodSync(address.path, 0o600)
  return server
}

async function serverFor({ address, tls }: BrokerEndpoint, connected: Connected): Promise<Server> {
  if (!tls || address.kind === "unix") return createServer((socket) => connected(kept(socket), "unix"))
  const { createServer: createSecureServer } = await import("node:tls")
  const { ca, certificate, key } = tls
  try {
    return createSecureServer(
      {
        ca,
        cert: certificate,
        key,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: "TLSv1.3",
        handshakeTimeout: HANDSHAKE_TIMEOUT,
      },
      (socket) => {
        // None for a connection that is gone already.
        const certificate = socket.getPeerCertificate() as Partial<PeerCertificate> | null
        const name = printable(String(certificate?.subject?.CN ?? "no name"), LONGEST_NAME)
        connected(kept(socket), `${socket.remoteAddress ?? "somebody"} (${name})`)
      },
    )
  } catch (error) {
    throw tlsFailure(error)
  }
}

/** A container that is gone without a word is found out by the kernel. */
function kept<T extends Socket>(socket: T): T {
  socket.setKeepAlive(true, KEEP_ALIVE)
  return socket
}

/** What a broker left that was killed; one that answers is another broker. */
async function removeStale(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (!there) return
  if (!there.isSocket()) throw inTheWay(path, "there is something else than a socket")
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect(path)
    socket.once("connect", () => resolve(true))
    socket.once("error", () => resolve(false))
    socket.once("close", () => socket.destroy())
  })
  if (answers) throw inTheWay(path, "another broker listens there")
  rmSync(path, { force: true })
}

function inTheWay(path: string, why: string): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `the broker cannot listen on unix://${path}: ${why}`,
    "Give another BROKER_LISTEN.",
  )
}
