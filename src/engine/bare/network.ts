import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { attempt, exec } from "../exec.js"
import { chooseNetworks, linkAddresses } from "./addresses.js"
import { addRules } from "./firewall.js"
import { withLedger } from "./ledger.js"
import { recordChange, type InstanceRecord } from "./record.js"
import { nameservers } from "./resolvers.js"
import type { InstanceFolder } from "./state-folder.js"

const FORWARDING = "/proc/sys/net/ipv4/ip_forward"

interface Route {
  dst: string
  dev?: string
}

async function routes(): Promise<Route[]> {
  return JSON.parse(await exec("ip", ["-json", "-4", "route", "show", "table", "all"])) as Route[]
}

/**
 * Chooses addresses that nothing on the host has.
 *
 * @throws RunnerImagesError ENGINE_HOST when all private ranges are taken
 */
export async function freeNetworks(
  folder: InstanceFolder,
  resolvConf: string,
  links: readonly string[],
): Promise<{ link: string; containers: string }> {
  const routed = (await routes()).filter((route) => route.dst !== "default" && route.dev !== folder.hostInterface)
  const chosen = chooseNetworks(folder.id, [...routed.map((route) => route.dst), ...nameservers(resolvConf), ...links])
  if (chosen) return chosen
  throw new RunnerImagesError(
    "ENGINE_HOST",
    "The host routes all of 10.0.0.0/8 and 172.16.0.0/12, so there is no address range left for containers.",
    "Remove a route (ip route) that covers them all.",
  )
}

/** Whether something listens on a port of the host's loopback. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })
}

/** The host's side, which outlives the namespace: forwarding and three firewall rules. */
export async function prepareHostNetwork(folder: InstanceFolder, record: InstanceRecord): Promise<void> {
  await withLedger((ledger, save) => {
    if (readFileSync(FORWARDING, "utf8").trim() === "1") return
    ledger.forwardingWasOff = true
    save()
    writeFileSync(FORWARDING, "1")
  })
  await addRules(folder, record)
}

export function switchForwardingOff(): void {
  writeFileSync(FORWARDING, "0")
}

/** Plugs a veth pair into the namespace of a process that waits for it. The kernel removes both ends with the namespace. */
export async function plugIn(folder: InstanceFolder, record: InstanceRecord, namespacePid: number): Promise<void> {
  const name = folder.hostInterface
  const { host, namespace } = linkAddresses(record.link)
  const mtu = await defaultMtu()
  recordChange(folder, record, { kind: "interface", name })
  await removeInterface(name)
  const inside = ["--target", String(namespacePid), "--net", "ip"]
  try {
    const peer = ["peer", "name", "eth0", "mtu", mtu, "netns", String(namespacePid)]
    await exec("ip", ["link", "add", name, "mtu", mtu, "type", "veth", ...peer])
  } catch (cause) {
    throw new RunnerImagesError(
      "ENGINE_HOST",
      `The kernel made no veth pair: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Boot a kernel with CONFIG_VETH, as the distribution's own has it.",
      { cause },
    )
  }
  await exec("ip", ["address", "add", `${host}/30`, "dev", name])
  await exec("ip", ["link", "set", name, "up"])
  await exec("nsenter", [...inside, "link", "set", "lo", "up"])
  await exec("nsenter", [...inside, "address", "add", `${namespace}/30`, "dev", "eth0"])
  await exec("nsenter", [...inside, "link", "set", "eth0", "up"])
  // The namespace's first process goes on when it sees this route.
  await exec("nsenter", [...inside, "route", "add", "default", "via", host])
}

export async function removeInterface(name: string): Promise<void> {
  if (existsSync(`/sys/class/net/${name}`)) await attempt("ip", ["link", "delete", name])
}

/** The MTU of the interface that leads out: a larger one inside loses packets on networks with tunnels. */
async function defaultMtu(): Promise<string> {
  const device = (await routes()).find((route) => route.dst === "default")?.dev
  const path = `/sys/class/net/${device ?? ""}/mtu`
  return device !== undefined && existsSync(path) ? readFileSync(path, "utf8").trim() : "1500"
}
