import { isIP } from "node:net"
import type { Settings } from "./settings.js"
import { namesOf, variable } from "./variables.js"

/** What is meant where no scheme is written. */
const SCHEME = "http:"

/** Those that Node.js, the runner and curl know. */
const SCHEMES = ["http:", "https:", "socks5:"]

/** What ends the user and the password of a URL too early, or is read differently by different programs. */
const RESERVED = /[\\#/?@[\]<>"^`{|}\s]|%(?![0-9a-f]{2})/i

/** `10.0.0.0/8`, `fd00::/8` */
const RANGE = /^(.+)\/\d{1,3}$/

/**
 * Reads the proxies' addresses, in upper and lower case. An address without a scheme gets one: some programs accept `proxy.example.org:3128`, and
 * Node.js, in this program and in actions, does not.
 *
 * @returns the variables with their complete addresses. Errors and warnings never quote a value, which may contain a password.
 */
export function readProxies(settings: Settings): Record<string, string> {
  const complete: Record<string, string> = {}
  for (const name of namesBoth("HTTPS_PROXY", "HTTP_PROXY")) {
    const given = settings.all[name]?.trim() ?? ""
    if (given === "") continue
    const read = completeAddress(given)
    if ("address" in read) complete[name] = read.address
    else settings.wrong(name, read.problem, read.remedy)
  }
  warnAboutRanges(settings)
  return complete
}

/** A proxy's address with its scheme, or why it is none. */
export type ProxyAddress = { readonly address: string } | { readonly problem: string; readonly remedy: string }

/** `proxy.example.org:3128` ⇒ `http://proxy.example.org:3128` */
export function completeAddress(given: string): ProxyAddress {
  const [, scheme = SCHEME, rest = ""] = /^(?:([a-z][\w+.-]*:)?\/\/)?(.*)$/is.exec(given) ?? []
  const end = rest.lastIndexOf("@")
  if (end !== -1 && RESERVED.test(rest.slice(0, end)))
    return {
      problem: "has a character in its user or password that a URL cannot contain",
      remedy:
        "Percent-encode it: a backslash is %5C, # is %23, @ is %40, / is %2F, ? is %3F, % is %25 and a space is %20.",
    }
  const address = `${scheme}//${rest}`
  if (/[\\\s]/.test(rest) || !URL.canParse(address)) return unlike("is not the address of a proxy")
  if (!SCHEMES.includes(scheme.toLowerCase())) return unlike(`begins with ${scheme}//`)
  const { hostname, pathname, search, hash } = new URL(address)
  if (hostname === "") return unlike("is not the address of a proxy")
  if (!["", "/"].includes(pathname) || search !== "" || hash !== "") return unlike("contains a path")
  return { address }
}

function unlike(problem: string): ProxyAddress {
  return { problem, remedy: "Write it like http://proxy.example.org:3128." }
}

function warnAboutRanges(settings: Settings): void {
  for (const name of namesBoth("NO_PROXY")) {
    const ranges = (settings.all[name] ?? "")
      .split(/[\s,]+/)
      .filter((entry) => isIP(RANGE.exec(entry)?.[1] ?? "") !== 0)
    if (ranges.length === 0) continue
    settings.warn(
      `${name} lists ${ranges.join(", ")}: the runner and Node.js understand no address ranges, and use the proxy for these addresses. List host names, or domains such as .example.org`,
    )
    // The same list is often in both.
    return
  }
}

function namesBoth(...names: readonly string[]): string[] {
  return names.flatMap((name) => namesOf(variable(name)))
}
