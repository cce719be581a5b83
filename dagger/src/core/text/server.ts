import { isLoopback } from "./reference.js"

/** A server and a path on it, below which files are. */
export interface Server {
  /** Scheme, host, port and path, without credentials and without a trailing slash: safe to log. */
  url: string
  /** Without the port; an IPv6 address keeps its brackets. */
  host: string
  port: number
  /** The host is this machine, which containers cannot reach by that name. */
  loopback: boolean
}

/** @example serverOf(new URL("http://127.0.0.1:8080/files/")) ⇒ { url: "http://127.0.0.1:8080/files", host: "127.0.0.1", port: 8080, loopback: true } */
export function serverOf(url: URL): Server {
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    host: url.hostname,
    port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
    loopback: isLoopback(url.hostname),
  }
}
