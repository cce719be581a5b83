import { chmodSync, lstatSync, rmSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { PeerCertificate } from "node:tls"
import type { BrokerEndpoint } from "../../configuration/broker.js"
import { RuntimeFailure } from "../../failure.js"
import { printable } from "../../files/printable.js"
import { addressText, KEEP_ALIVE, tlsFailure } from "../protocol/connect.js"

/** Time for both sides to show their certificates, in milliseconds. */
const HANDSHAKE_TIMEOUT = 10_000

/** Characters of a certificate's name, for the log. */
const LONGEST_NAME = 64

/** Handles a connection; `peer` says who it is from. */
export type Connected = (stream: Duplex, peer: string) => void

/**
 * Listens for runners. A socket in the file system belongs to this user alone: the kernel requires write permission on it from whoever
 * connects, and jobs have another user.
 *
 * @throws {RuntimeFailure} CONFIGURATION when it cannot
 */
export async function listen(endpoint: BrokerEndpoint, connected: Connected): Promise<Server> {
  const { address } = endpoint
  const server = await serverFor(endpoint, connected)
  if (address.kind === "unix") await removeStale(address.path)
  // There is no moment in which others may write to it.
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
        ? "Mount a volume at its folder that the user runner-agent can write to, and start the broker as that user, or as root (it drops its privileges)."
        : "Set another BROKER_LISTEN.",
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

/** The kernel detects a container that vanished without closing. */
function kept<T extends Socket>(socket: T): T {
  socket.setKeepAlive(true, KEEP_ALIVE)
  return socket
}

/** Removes the socket that a killed broker left; if it answers, it is another broker's. */
async function removeStale(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (!there) return
  if (!there.isSocket()) throw inTheWay(path, "something other than a socket is there")
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
    "Set another BROKER_LISTEN.",
  )
}
