import type { Host } from "./host.js"
import { readPrivateKey, TLS_KEYS } from "./private-key.js"
import type { Settings } from "./settings.js"

/** Where a broker listens: a socket in the file system, or TLS in which both sides show a certificate. */
export type BrokerAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tls"; readonly host: string; readonly port: number }

/** What one side of TLS presents, and whom it trusts. PEM. */
export interface TlsIdentity {
  readonly ca: string
  readonly certificate: string
  /** A secret. */
  readonly key: string
}

/** One side of a connection with a broker: `tls` with an address of that kind only. */
export interface BrokerEndpoint {
  readonly address: BrokerAddress
  readonly tls?: TlsIdentity
}

/** Settings of the command `broker`. */
export interface BrokerSettings extends BrokerEndpoint {
  readonly maxRunners: number
  readonly graceSeconds: number
}

const DEFAULT_ADDRESS = "unix:///run/runner-broker/broker.sock"

/** Of the kernel: https://man7.org/linux/man-pages/man7/unix.7.html */
const LONGEST_SOCKET_PATH = 107

/** @returns the broker that registers this runner; undefined where none is named */
export function readBrokerUrl(settings: Settings, host: Host): BrokerEndpoint | undefined {
  const found = settings.find("BROKER_URL")
  return found && readEndpoint(settings, host, found)
}

/** What the command `broker` listens on, and its limits. */
export function readBrokerSettings(settings: Settings, host: Host): BrokerSettings {
  const found = settings.find("BROKER_LISTEN") ?? { name: "BROKER_LISTEN", value: DEFAULT_ADDRESS }
  return {
    ...readEndpoint(settings, host, found),
    maxRunners: settings.integer("BROKER_MAX_RUNNERS", 100, 1, 10_000),
    graceSeconds: settings.integer("BROKER_GRACE_SECONDS", 120, 1),
  }
}

function readEndpoint(
  settings: Settings,
  host: Host,
  { name, value }: { name: string; value: string },
): BrokerEndpoint {
  const address = addressOf(value)
  if (!address) {
    settings.wrong(name, `is "${value}"`, "Write unix:///PATH, or tls://NAME:PORT.")
    return { address: { kind: "unix", path: "" } }
  }
  if (address.kind === "unix") {
    if (address.path.length > LONGEST_SOCKET_PATH)
      settings.wrong(name, `has a path of ${String(address.path.length)} characters`, "The kernel's limit is 107.")
    return { address }
  }
  return { address, tls: readTls(settings, host) }
}

/** `unix:///run/broker.sock` or `tls://broker.example:8443` */
function addressOf(text: string): BrokerAddress | undefined {
  const [, path] = /^unix:\/\/(\/[^\0]*[^\0/])$/.exec(text) ?? []
  if (path !== undefined) return { kind: "unix", path }
  const [, named, numeric, port] = /^tls:\/\/(?:([\w.-]+)|\[([0-9a-f:]+)\]):(\d{1,5})\/?$/i.exec(text) ?? []
  const host = named ?? numeric
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
  return { kind: "tls", host, port: Number(port) }
}

function readTls(settings: Settings, host: Host): TlsIdentity {
  const key = settings.secret("BROKER_KEY")
  if (!key && !settings.issues.some(({ variable }) => variable.startsWith("BROKER_KEY")))
    settings.wrong("BROKER_KEY", "is missing, but the broker's address uses TLS", "Set it, or BROKER_KEY_FILE.")
  return {
    ca: readPem(settings, host, "BROKER_CA_FILE"),
    certificate: readPem(settings, host, "BROKER_CERT_FILE"),
    key: key ? readPrivateKey(settings, key, TLS_KEYS) : "",
  }
}

function readPem(settings: Settings, host: Host, name: string): string {
  const path = settings.path(name)
  if (path === undefined) {
    if (!settings.issues.some(({ variable }) => variable === name))
      settings.wrong(
        name,
        "is missing, but the broker's address uses TLS",
        "Mount a PEM file, and set the variable to its path.",
      )
    return ""
  }
  try {
    const text = host.readFile(path)
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text
    settings.wrong(name, `names ${path}, which contains no certificate`, "Give a PEM file.")
  } catch {
    settings.wrong(name, `names ${path}, which cannot be read`, "Mount the file, readable by the container's user.")
  }
  return ""
}
