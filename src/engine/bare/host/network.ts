import { existsSync, readFileSync } from "node:fs"
import { connect } from "node:net"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { attempt, exec } from "../../../host/exec.js"
import { chooseNetworks, linkAddresses } from "./addresses.js"
import { addRules } from "./firewall.js"
import { forwards, forwardsEverywhere, switchForwarding } from "./forwarding.js"
import { withHostState } from "../state/host-state.js"
import { recordChange, type InstanceRecord } from "../state/record.js"
import { nameservers } from "./resolvers.js"
import type { InstanceFolder } from "../state/state-folder.js"

interface Route {
  dst: string
  dev?: string
}

async function routes(): Promise<Route[]> {
  return JSON.parse(await exec("ip", ["-json", "-4", "route", "show", "table", "all"])) as Route[]
}

/**
 * Chooses addresses that nothing on the host uses.
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

/**
 * The interfaces through which containers' packets leave the host and answers return: the default route's, and a name server's
 * if it is a different one.
 */
export async function uplinks(resolvConf: string): Promise<string[]> {
  const ways = nameservers(resolvConf).map((server) => deviceTowards(server))
  const found = [await defaultDevice(), ...(await Promise.all(ways))]
  return [...new Set(found)].filter((device): device is string => device !== undefined && device !== "lo")
}

/**
 * Decides where forwarding has to be switched on and guarded.
 *
 * @returns `closed`: the uplinks on which it has to be switched on. `guarded`: those on which it then is on only for instances;
 *   none if the whole host forwards, since its owner then decides what goes where.
 */
export function forwardingPlan(
  devices: readonly string[],
  switchedOn: readonly string[],
): { closed: string[]; guarded: string[] } {
  const closed = devices.filter((device) => !forwards(device))
  const guarded = devices.filter((device) => closed.includes(device) || switchedOn.includes(device))
  return { closed, guarded: forwardsEverywhere() ? [] : guarded }
}

async function deviceTowards(address: string): Promise<string | undefined> {
  const found = await attempt("ip", ["-json", "route", "get", address])
  return found.exitCode === 0 ? (JSON.parse(found.stdout) as Route[])[0]?.dev : undefined
}

/**
 * Sets up the host's side, which outlives the namespace: firewall rules, then forwarding on the interfaces that need it. The
 * rules drop packets that arrive there and are no replies, and they are in place before the kernel forwards anything.
 */
export async function prepareHostNetwork(
  folder: InstanceFolder,
  record: InstanceRecord,
  resolvConf: string,
): Promise<void> {
  const needed = await uplinks(resolvConf)
  await withHostState(async (hostState, save) => {
    const { closed, guarded } = forwardingPlan(needed, hostState.forwardingSwitchedOn)
    hostState.forwardingSwitchedOn = [...new Set([...hostState.forwardingSwitchedOn, ...closed])]
    save()
    await addRules(folder, record, guarded)
    for (const device of closed) switchForwarding(device, true)
  })
}

/** Switches off what {@link prepareHostNetwork} switched on, unless forwarding has since been switched on for the whole host. */
export function switchForwardingBack(devices: readonly string[]): void {
  if (forwardsEverywhere()) return
  for (const device of devices) switchForwarding(device, false)
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
      `The kernel could not create a veth pair: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Boot a kernel with CONFIG_VETH, such as the distribution's own.",
      { cause },
    )
  }
  await exec("ip", ["address", "add", `${host}/30`, "dev", name])
  await exec("ip", ["link", "set", name, "up"])
  switchForwarding(name, true)
  await exec("nsenter", [...inside, "link", "set", "lo", "up"])
  await exec("nsenter", [...inside, "address", "add", `${namespace}/30`, "dev", "eth0"])
  await exec("nsenter", [...inside, "link", "set", "eth0", "up"])
  // The namespace's first process continues when it sees this route.
  await exec("nsenter", [...inside, "route", "add", "default", "via", host])
}

export async function removeInterface(name: string): Promise<void> {
  if (existsSync(`/sys/class/net/${name}`)) await attempt("ip", ["link", "delete", name])
}

async function defaultDevice(): Promise<string | undefined> {
  const found = await attempt("ip", ["-json", "-4", "route", "show", "default"])
  return found.exitCode === 0 ? (JSON.parse(found.stdout || "[]") as Route[])[0]?.dev : undefined
}

/** The MTU of the default route's interface: a larger one inside would lose packets on networks with tunnels. */
async function defaultMtu(): Promise<string> {
  const device = await defaultDevice()
  const path = `/sys/class/net/${device ?? ""}/mtu`
  return device !== undefined && existsSync(path) ? readFileSync(path, "utf8").trim() : "1500"
}
