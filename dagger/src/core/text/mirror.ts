import { RunnerImagesError } from "../errors.js"
import { serverOf, type Server } from "./server.js"

/** A server that has the vendors' files under their hosts and paths. */
export interface Mirror extends Server {
  credentials?: { username: string; password: string }
}

const EXAMPLE = "https://mirror.example.com/upstream"

/**
 * Parses the URL from which upstream files are fetched instead of from their vendors.
 *
 * @example parseMirror("http://127.0.0.1:8080/files/") ⇒ { url: "http://127.0.0.1:8080/files", host: "127.0.0.1", port: 8080, loopback: true }
 * @throws RunnerImagesError MIRROR_INVALID when it is not an http or https URL, or has a query or a fragment
 */
export function parseMirror(given: string): Mirror {
  const text = given.trim()
  if (text === "") throw invalid("--mirror is empty.", `Give its URL, as in ${EXAMPLE}.`)
  if (!URL.canParse(text)) throw invalid(`"${withoutSecrets(text)}" is not a URL.`, `Write it as in ${EXAMPLE}.`)
  const url = new URL(text)
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid(`The mirror "${withoutSecrets(text)}" does not use http or https.`, `Write it as in ${EXAMPLE}.`)
  const server = serverOf(url)
  if (/[?#]/.test(text))
    throw invalid(
      `The mirror ${server.url} has a query or a fragment, so no path can be appended to it.`,
      `Leave it out: ${server.url}.`,
    )
  const [username, password] = [decoded(url.username), decoded(url.password)]
  return {
    ...server,
    ...(username === "" && password === "" ? {} : { credentials: { username, password } }),
  }
}

/**
 * The URL of a vendor's file on a mirror.
 *
 * @example mirrored("https://nodejs.org/dist/v1/node.tar.xz", mirror) ⇒ "https://mirror.example.com/upstream/nodejs.org/dist/v1/node.tar.xz"
 */
export function mirrored(vendor: string, mirror: Mirror | undefined): string {
  if (!mirror) return vendor
  const { host, pathname } = new URL(vendor)
  return `${mirror.url}/${host}${pathname}`
}

/**
 * Refuses a mirror on the loopback interface that is not passed to the engine as a service.
 *
 * @throws RunnerImagesError MIRROR_INVALID
 */
export function requireReachable(mirror: Mirror | undefined, service: boolean): void {
  if (!mirror?.loopback || service) return
  throw invalid(
    `The mirror ${mirror.url} is on this machine's loopback interface, which the engine cannot reach.`,
    `Pass the mirror to the engine: --mirror-service tcp://${mirror.host}:${String(mirror.port)}.`,
  )
}

/**
 * Refuses a mirror without TLS, even on the loopback interface, where any user of the machine could be answering: for work that takes
 * checksums from the mirror and therefore has none to verify the answers with.
 *
 * @throws RunnerImagesError MIRROR_INVALID
 */
export function requireTls(mirror: Mirror | undefined): void {
  if (!mirror || mirror.url.startsWith("https://")) return
  throw invalid(
    `The mirror ${mirror.url} has no TLS, so anyone on the way to it could choose the checksums that are pinned.`,
    "Give an https URL, or leave --mirror out; builds may use this one, because they verify every file.",
  )
}

/** A URL without user, password, query and fragment, even if it is not well-formed. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^((?:[a-z][a-z0-9+.-]*:)?\/\/)?[^/]*@/i, "$1")
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // A percent sign that begins no escape stands for itself.
  }
}

function invalid(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("MIRROR_INVALID", problem, remedy)
}
