import { createServer, type Server } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { listensItself, occupantOf, parseListeners } from "../../../src/engine/bare/instance/listener.js"
import { identify } from "../../../src/engine/bare/host/process.js"

const HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
const line = (address: string, state: string, userId: number, inode: number) =>
  `   1: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${String(userId)}        0 ${String(inode)} 1 0000000000000000 100 0 0 10 0`

it.each([
  ["the one that listens", [line("0100007F:1388", "0A", 0, 11)], [["0100007F:1388", "11", 0]]],
  ["not a connection", [line("0100007F:1388", "01", 0, 11)], []],
  ["not another port", [line("0100007F:1389", "0A", 0, 11), line("0100007F:0138", "0A", 0, 12)], []],
  [
    "every address",
    [line("00000000:1388", "0A", 7, 1), line("0100007F:1388", "0A", 0, 2)],
    [
      ["00000000:1388", "1", 7],
      ["0100007F:1388", "2", 0],
    ],
  ],
])("finds on a port %s", (_case, lines, found) => {
  const listeners = parseListeners([HEADER, ...lines, ""].join("\n"), 5000)
  expect(listeners.map(({ address, inode, userId }) => [address, inode, userId])).toEqual(found)
})

describe.runIf(process.platform === "linux")("on this host", () => {
  let server: Server | undefined
  afterEach(() => {
    server?.close()
  })

  async function listen(host: string): Promise<number> {
    const started = createServer()
    server = started
    await new Promise<void>((resolve) => started.listen(0, host, resolve))
    const address = started.address()
    return typeof address === "object" && address ? address.port : 0
  }

  it("knows this process by its socket, and no other process", async () => {
    const port = await listen("127.0.0.1")
    const own = identify(process.pid)
    const other = identify(process.ppid)
    expect(own && listensItself(own, port)).toBe(true)
    expect(other && listensItself(other, port)).toBe(false)
    expect(occupantOf(port)).toBe(
      `process ${String(process.pid)} (${process.execPath}) of user ${String(process.getuid?.())}`,
    )
  })

  it("does not take a process for the listener on 127.0.0.1 that listens elsewhere", async () => {
    const port = await listen("127.0.0.2")
    const own = identify(process.pid)
    expect(own && listensItself(own, port)).toBe(false)
  })

  it("has nobody to name on a port where nobody is", () => {
    expect(occupantOf(1)).toBeUndefined()
  })
})
