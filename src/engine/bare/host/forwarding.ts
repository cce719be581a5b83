import { existsSync, readFileSync, writeFileSync } from "node:fs"

/** `all` is the switch that net.ipv4.ip_forward is another name for. */
function setting(interfaceName: string): string {
  return `/proc/sys/net/ipv4/conf/${interfaceName}/forwarding`
}

/** Whether the kernel passes on packets that come in by an interface. It looks at that interface's switch and at no other. */
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
