import { existsSync, readFileSync } from "node:fs"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"

/** systemd-resolved lists the real servers here, and its own stub on loopback in /etc/resolv.conf. */
const CANDIDATES = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

export function nameservers(resolvConf: string): string[] {
  return resolvConf
    .split("\n")
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => address !== "")
}

/**
 * The first resolver configuration that works in a network namespace: at least one IPv4 server that is not on loopback.
 *
 * @returns its text without the servers that cannot be reached, or undefined
 */
export function usableResolvConf(texts: readonly string[]): string | undefined {
  const reachable = (server: string) => /^\d+(\.\d+){3}$/.test(server) && !server.startsWith("127.")
  const text = texts.find((candidate) => nameservers(candidate).some(reachable))
  return text
    ?.split("\n")
    .filter((line) => !/^\s*nameserver\s/.test(line) || nameservers(line).some(reachable))
    .join("\n")
}

/** @throws RunnerImagesError ENGINE_HOST when every configured server is on loopback */
export function hostResolvConf(): string {
  const texts = CANDIDATES.filter((path) => existsSync(path)).map((path) => readFileSync(path, "utf8"))
  const usable = usableResolvConf(texts)
  if (usable !== undefined) return usable
  throw new RunnerImagesError(
    "ENGINE_HOST",
    "Every name server in /etc/resolv.conf is on this host's loopback, which the engine's network namespace cannot reach.",
    "Add a name server of your network to /etc/resolv.conf, or use systemd-resolved.",
  )
}
