import { RuntimeFailure } from "../failure.js"
import { Fault } from "./fault.js"

/** Node's codes for connections that fail now and may work later, in words. */
const PASSING: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection closed",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ENETDOWN: "network down",
  EAI_AGAIN: "name service not answering",
  UND_ERR_SOCKET: "connection closed",
  UND_ERR_CONNECT_TIMEOUT: "connection timed out",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "answer broke off",
}

/** What Node.js says of a certificate that it does not accept. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/

/**
 * What `fetch` threw, as a temporary fault or as an immediate failure.
 *
 * @param host `api.github.com`
 */
export function connectionFault(error: unknown, host: string): Fault | RuntimeFailure {
  const code = codeOf(error)
  if (error instanceof DOMException && error.name === "TimeoutError")
    return new Fault("no answer in time", unreachable(host, "it did not answer in time"))
  if (code !== undefined && CERTIFICATE.test(code)) return untrusted(host, code)
  if (code === undefined && messageOf(error) === "bad port") return refusedPort(host)
  if (code === "ENOTFOUND")
    return new Fault("unknown host", unreachable(host, "its name cannot be resolved"), undefined, "unknown-host")
  const reason = code === undefined ? undefined : PASSING[code]
  if (reason !== undefined) return new Fault(reason, unreachable(host, reason))
  return unreachable(host, code ?? messageOf(error))
}

/** The failure of a host that cannot be reached. */
export function unreachable(host: string, why: string): RuntimeFailure {
  return new RuntimeFailure(
    "NETWORK",
    `${host} cannot be reached: ${why}`,
    "Check that the container has network access to it, and GITHUB_HOST, GITHUB_API_HOST and the proxy variables.",
  )
}

/** `fetch` connects to no port that browsers refuse, and has no code for that. */
function refusedPort(host: string): RuntimeFailure {
  return new RuntimeFailure(
    "NETWORK",
    `${host} cannot be reached: Node.js connects to no server on this port, which the Fetch standard reserves for other protocols`,
    "Let the server listen on another port as well, and name that one in GITHUB_HOST or GITHUB_API_HOST.",
  )
}

function untrusted(host: string, code: string): RuntimeFailure {
  return new RuntimeFailure(
    "NETWORK",
    `the certificate of ${host} is not accepted: ${code}`,
    "Add your certificate authority with EXTRA_CA_CERTS, and check the machine's clock.",
  )
}

/** The innermost code: `fetch` wraps what happened, and several addresses of one host fail together. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const inner = error instanceof AggregateError ? (error.errors as unknown[])[0] : error.cause
  return codeOf(inner) ?? ("code" in error && typeof error.code === "string" ? error.code : undefined)
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
