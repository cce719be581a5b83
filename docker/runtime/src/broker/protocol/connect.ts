import { connect as connectSocket, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { BrokerAddress, BrokerEndpoint } from "../../configuration/broker.js"
import { type FailureCode, RuntimeFailure } from "../../failure.js"

/** Time to establish a connection, in milliseconds. */
const CONNECT_TIMEOUT = 10_000

/** How long a silent connection is before the kernel asks whether the other side is there, in milliseconds. */
export const KEEP_ALIVE = 30_000

/** `unix:///run/broker.sock` */
export function addressText(address: BrokerAddress): string {
  return address.kind === "unix"
    ? `unix://${address.path}`
    : `tls://${address.host.includes(":") ? `[${address.host}]` : address.host}:${String(address.port)}`
}

/**
 * Connects to a broker in another container.
 *
 * @throws {RuntimeFailure} NETWORK when it cannot be reached, TOKEN_INVALID when one side rejects the other's certificate, CONFIGURATION for
 * a socket that this user may not open
 * @throws the signal's reason when aborted
 */
export async function connectToBroker({ address, tls }: BrokerEndpoint, signal?: AbortSignal): Promise<Duplex> {
  signal?.throwIfAborted()
  const socket = tls && address.kind === "tls" ? await secureSocket(address, tls) : plainSocket(address)
  const ready = tls ? "secureConnect" : "connect"
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(ready, resolve)
      socket.once("error", reject)
      socket.setTimeout(CONNECT_TIMEOUT, () => reject(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })))
      signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true })
    })
  } catch (error) {
    socket.destroy()
    signal?.throwIfAborted()
    throw connectFailure(error, address)
  }
  socket.setTimeout(0)
  socket.setKeepAlive(true, KEEP_ALIVE)
  return socket
}

function plainSocket(address: BrokerAddress): Socket {
  return address.kind === "unix" ? connectSocket(address.path) : connectSocket(address.port, address.host)
}

async function secureSocket(
  { host, port }: Extract<BrokerAddress, { kind: "tls" }>,
  { ca, certificate, key }: NonNullable<BrokerEndpoint["tls"]>,
): Promise<Socket> {
  // Loaded only if needed: cryptography takes memory.
  const { connect } = await import("node:tls")
  const { isIP } = await import("node:net")
  try {
    return connect({
      host,
      port,
      ca,
      cert: certificate,
      key,
      minVersion: "TLSv1.3",
      ...(isIP(host) === 0 && { servername: host }),
    })
  } catch (error) {
    throw tlsFailure(error)
  }
}

/** An invalid key or certificate. OpenSSL's own message quotes nothing of them. */
export function tlsFailure(error: unknown): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `BROKER_CA_FILE, BROKER_CERT_FILE and BROKER_KEY do not fit together: ${(error as Error).message}`,
    "Give all three in PEM format, with the key that belongs to the certificate.",
  )
}

function connectFailure(error: unknown, address: BrokerAddress): RuntimeFailure {
  if (error instanceof RuntimeFailure) return error
  const { code = "", message } = error as NodeJS.ErrnoException
  const where = addressText(address)
  const failed = (kind: FailureCode, why: string, remedy: string): RuntimeFailure =>
    new RuntimeFailure(kind, `the broker at ${where} ${why}`, remedy)
  if (code === "EACCES" || code === "EPERM")
    return failed(
      "CONFIGURATION",
      "cannot be used by this user: its socket is for the user runner-agent only, so that jobs cannot use it",
      "Start the container as root (it drops its privileges), or use a broker at tls://.",
    )
  if (/^(CERT_|ERR_TLS|ERR_SSL|DEPTH_|SELF_SIGNED|UNABLE_TO)/.test(code))
    return failed(
      "TOKEN_INVALID",
      `and this container do not accept each other's certificates: ${message}`,
      "Check BROKER_CA_FILE on both sides, and the names in the broker's certificate.",
    )
  return failed(
    "NETWORK",
    `cannot be reached: ${code === "" ? message : code}`,
    "Check that it is running, and check BROKER_URL.",
  )
}
