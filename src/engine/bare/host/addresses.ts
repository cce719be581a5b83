import { createHash } from "node:crypto"

interface Range {
  first: number
  last: number
}

/** @example parseRange("10.87.0.0/16") ⇒ its first and last address as numbers. A bare address is a range of one. */
function parseRange(cidr: string): Range | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(cidr)
  if (!match) return undefined
  const octets = match.slice(1, 5).map(Number)
  const bits = match[5] === undefined ? 32 : Number(match[5])
  if (octets.some((octet) => octet > 255) || bits > 32) return undefined
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  const size = 2 ** (32 - bits)
  const first = Math.floor(address / size) * size
  return { first, last: first + size - 1 }
}

export function overlaps(one: string, other: string): boolean {
  const a = parseRange(one)
  const b = parseRange(other)
  return a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last
}

export interface LinkAddresses {
  /** The host's end, which is the namespace's gateway. */
  host: string
  namespace: string
}

/** @example linkAddresses("10.86.1.4/30") ⇒ { host: "10.86.1.5", namespace: "10.86.1.6" } */
export function linkAddresses(link: string): LinkAddresses {
  const range = parseRange(link)
  if (!range || range.last - range.first !== 3) throw new Error(`${link} is not a /30`)
  return { host: formatAddress(range.first + 1), namespace: formatAddress(range.first + 2) }
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".")
}

/**
 * Chooses a /30 for the veth pair and a /16 for containers, both outside the host's routes and name servers.
 *
 * @param id the instance's, which spreads the first choice, so that instances seldom collide
 * @param taken the host's routes, its name servers and other instances' links
 * @returns undefined when all of 10.0.0.0/8 and 172.16.0.0/12 is taken
 */
export function chooseNetworks(id: string, taken: readonly string[]): { link: string; containers: string } | undefined {
  // A route to half the world is a default route in disguise, as tunnels add it.
  const particular = taken.filter((other) => !/\/[0-7]$/.test(other))
  const free = (range: string) => !particular.some((other) => overlaps(range, other))
  const sixteens = [
    ...Array.from({ length: 169 }, (_, index) => `10.${87 + index}.0.0/16`),
    ...Array.from({ length: 16 }, (_, index) => `172.${16 + index}.0.0/16`),
    ...Array.from({ length: 87 }, (_, index) => `10.${index}.0.0/16`),
  ]
  const containers = sixteens.find(free)
  const start = createHash("sha256").update(id).digest().readUInt16BE(0)
  const links = Array.from({ length: 2 ** 14 }, (_, index) => (start + index) % 2 ** 14).map(
    (slot) => `10.86.${slot >> 6}.${(slot & 63) * 4}/30`,
  )
  // 10.86.0.0/16 is outside the ranges that containers get first. If the host uses it, part of another free range must do.
  const spare = sixteens.find((range) => range !== containers && free(range))
  const link = links.find(free) ?? (spare ? spare.replace("/16", "/30") : undefined)
  return containers && link ? { link, containers } : undefined
}

/**
 * The port that an instance's registry listens on.
 *
 * @param wanted as the user gave it, or undefined
 * @param ours ports of this program's other instances
 * @param busy whether something listens there now
 * @returns the port, or the one that somebody else has taken
 */
export async function choosePort(
  wanted: number | undefined,
  instance: string,
  ours: readonly number[],
  busy: (port: number) => Promise<boolean>,
): Promise<{ port: number } | { taken: number }> {
  if (wanted !== undefined) return ours.includes(wanted) || (await busy(wanted)) ? { taken: wanted } : { port: wanted }
  for (let port = FIRST_PORT; port < FIRST_PORT + 100; port++) {
    if (ours.includes(port)) continue
    if (!(await busy(port))) return { port }
    // People rely on the default instance's port being the default one; another instance has no such promise to keep.
    if (instance === "default") return { taken: port }
  }
  return { taken: FIRST_PORT }
}

const FIRST_PORT = 5000
