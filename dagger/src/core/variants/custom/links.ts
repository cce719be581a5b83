import { TOOL_ENTRIES } from "../../catalog/tools.js"
import { RUNTIME_LINKS } from "../runtime-files.js"

/** The number of symbolic links that Linux follows on one path. */
const MOST_LINKS = 40

/** Links of every base: Debian's merged /usr, and the folders that moved to /run. */
const BASE_LINKS: Readonly<Record<string, string>> = {
  "/bin": "/usr/bin",
  "/lib": "/usr/lib",
  "/lib32": "/usr/lib32",
  "/lib64": "/usr/lib64",
  "/libo32": "/usr/libo32",
  "/libx32": "/usr/libx32",
  "/sbin": "/usr/sbin",
  "/var/lock": "/run/lock",
  "/var/run": "/run",
}

/** Links that the catalog's tools add: path → target. */
export const TOOL_LINKS: Readonly<Record<string, string>> = Object.assign(
  {},
  ...Object.values(TOOL_ENTRIES).map(({ registry }) => ("links" in registry ? registry.links : {})),
) as Record<string, string>

/** The links that an image has before a definition adds anything: path → target. A definition may use but not replace them. */
export const IMAGE_LINKS: Readonly<Record<string, string>> = { ...BASE_LINKS, ...RUNTIME_LINKS }

/**
 * Where a path leads if links are followed; undefined if they form a loop. The last component is not followed: a file that is
 * put there replaces the link.
 *
 * @example throughLinks("/actions-runner/run.sh", new Map([["/actions-runner", "/home/runner"]])) ⇒ "/home/runner/run.sh"
 */
export function throughLinks(path: string, links: ReadonlyMap<string, string>): string | undefined {
  let left = path.split("/").filter((part) => part !== "")
  let at: string[] = []
  let followed = 0
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === ".") continue
    if (part === "..") {
      at.pop()
      continue
    }
    const target = left.length > 0 ? links.get(`/${[...at, part].join("/")}`) : undefined
    if (target === undefined) {
      at.push(part)
      continue
    }
    if (++followed > MOST_LINKS) return undefined
    if (target.startsWith("/")) at = []
    left = [...target.split("/").filter((step) => step !== ""), ...left]
  }
  return `/${at.join("/")}`
}
