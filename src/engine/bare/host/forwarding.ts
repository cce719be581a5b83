import { existsSync, readFileSync, writeFileSync } from "node:fs"

/** `all` is the same switch as net.ipv4.ip_forward. */
function setting(interfaceName: string): string {
  return `/proc/sys/net/ipv4/conf/${interfaceName}/forwarding`
}

/** Whether the kernel forwards packets that arrive on an interface. Only that interface's own switch counts. */
export function forwards(interfaceName: string): boolean {
  const path = setting(interfaceName)
  return existsSync(path) && readFileSync(path, "utf8").trim() === "1"
}

export function switchForwarding(interfaceName: string, on: boolean): void {
  const path = setting(interfaceName)
  if (existsSync(path)) writeFileSync(path, on ? "1" : "0")
}

/** Whether forwarding is on for the whole host: then somebody wants it, and new interfaces have it as well. */
export function forwardsEverywhere(): boolean {
  return forwards("all")
}
