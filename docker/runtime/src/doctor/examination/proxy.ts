import { completeAddress } from "../../configuration/proxies.js"

/**
 * The proxy that an address is reached through, by the usual variables in either case; undefined for none.
 * NO_PROXY lists host names, which stand for what is below them as well, with or without a port, or `*`.
 *
 * @throws Error if the variable has no address
 */
export function proxyFor(url: URL, environment: Readonly<Record<string, string>>): URL | undefined {
  const read = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? ""
  const variable = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"
  const proxy = read(variable)
  if (proxy === "" || isExcepted(url, read("NO_PROXY"))) return undefined
  const complete = completeAddress(proxy)
  if ("problem" in complete) throw new Error(`${variable} ${complete.problem}`)
  return new URL(complete.address)
}

function isExcepted({ hostname, port, protocol }: URL, list: string): boolean {
  const ownPort = port || (protocol === "https:" ? "443" : "80")
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true
    const [, name = "", excepted] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    if (name === "" || (excepted !== undefined && excepted !== ownPort)) return false
    return hostname === name || hostname.endsWith(`.${name}`)
  })
}
