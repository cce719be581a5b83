import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { programOf } from "../host/process.js"
import type { RecordedProcess } from "../state/record.js"

/** A socket that waits for connections. */
export interface Listener {
  /** Local address and port as the kernel prints them, in hexadecimal. */
  address: string
  inode: string
  userId: number
}

const LISTENING = "0A"

/**
 * The sockets that listen on a port, from the text of /proc/net/tcp or tcp6.
 *
 * @example parseListeners("… 0100007F:1388 00000000:0000 0A … 0 0 4711 …", 5000) ⇒ [{ address: "0100007F:1388", inode: "4711", userId: 0 }]
 */
export function parseListeners(table: string, port: number): Listener[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  return table.split("\n").flatMap((line) => {
    const [, address = "", , state, , , , userId, , inode = ""] = line.trim().split(/\s+/)
    return state === LISTENING && address.endsWith(suffix) ? [{ address, inode, userId: Number(userId) }] : []
  })
}

/** All sockets that listen on a port of this host, on any address. */
function listenersOn(port: number): Listener[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) => parseListeners(textOf(path), port))
}

/** Whether a connection to a port of 127.0.0.1 reaches this process. */
export function listensItself({ pid }: RecordedProcess, port: number): boolean {
  // The kernel prints addresses in host byte order. An exact address takes precedence over a wildcard.
  const exact = parseListeners(textOf("/proc/net/tcp"), port).find(({ address }) =>
    ["0100007F", "7F000001"].includes(address.slice(0, 8)),
  )
  return exact !== undefined && socketsOf(pid).includes(exact.inode)
}

/** @example occupantOf(5000) ⇒ "process 4711 (/usr/bin/python3) of user 1000", or nothing when nothing listens */
export function occupantOf(port: number): string | undefined {
  const [listener] = listenersOn(port)
  if (!listener) return undefined
  const pid = readdirSync("/proc").find((entry) => /^\d+$/.test(entry) && socketsOf(entry).includes(listener.inode))
  const process = pid === undefined ? "a process" : `process ${pid} (${programOf(Number(pid)) ?? "unknown program"})`
  return `${process} of user ${listener.userId}`
}

function socketsOf(pid: number | string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (descriptor) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? [],
    )
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ""
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
