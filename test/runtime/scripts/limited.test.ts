import { execa } from "execa"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const LIMITED = fileURLToPath(new URL("../../../dagger/scripts/limited.sh", import.meta.url))

/** Runs a program with limits, and tells how it ended and after how many whole seconds. */
async function limited(silence: number, total: number, ...program: string[]) {
  const start = performance.now()
  const ended = await execa("sh", [LIMITED, String(silence), String(total), ...program], { reject: false })
  const { exitCode, stdout, stderr } = ended
  return { exitCode, stdout, stderr, seconds: (performance.now() - start) / 1000 }
}

/** A client of the server that reads whatever comes until it is ended. */
async function connected(serve: (socket: Socket) => void, silence: number, total: number, besides = "") {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on("error", () => socket.destroy())
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  try {
    const client = `require("node:net").connect(${String(port)}, "127.0.0.1").on("data", () => {});${besides}`
    return await limited(silence, total, process.execPath, "-e", client)
  } finally {
    for (const socket of open) socket.destroy()
    server.close()
  }
}

describe("a program with limits", () => {
  it("gives its own output and exit code", async () => {
    expect(await limited(5, 10, "sh", "-c", "echo out; echo err >&2")).toMatchObject({
      ...{ exitCode: 0, stdout: "out", stderr: "err" },
    })
    expect(await limited(5, 10, "sh", "-c", "exit 7")).toMatchObject({ exitCode: 7, stdout: "", stderr: "" })
    expect(await limited(5, 10, "no-such-program")).toMatchObject({ exitCode: 127 })
  })

  it("is ended when the server it talks with accepts and says nothing", async () => {
    const { exitCode, stderr, seconds } = await connected(() => undefined, 2, 30)
    expect({ exitCode, stderr }).toEqual({ exitCode: 124, stderr: "limit: silence 2" })
    expect(seconds).toBeLessThan(15)
  })

  it("is silent though its runtime wakes its own threads, a few bytes at a time, as Go's does", async () => {
    const wakes = 'setInterval(() => require("node:fs").appendFileSync("/dev/null", "12345678"), 300)'
    const { exitCode, stderr } = await connected(() => undefined, 3, 20, wakes)
    expect({ exitCode, stderr }).toEqual({ exitCode: 124, stderr: "limit: silence 3" })
  })

  it("goes on while bytes come, and is ended when that takes too long", async () => {
    const drip = (socket: Socket) => {
      const timer = setInterval(() => socket.write("x".repeat(1024)), 200)
      socket.on("close", () => {
        clearInterval(timer)
      })
    }
    const { exitCode, stderr, seconds } = await connected(drip, 3, 6)
    expect({ exitCode, stderr }).toEqual({ exitCode: 124, stderr: "limit: total 6" })
    expect(seconds).toBeGreaterThan(5)
    expect(seconds).toBeLessThan(20)
  })

  it("is killed when it does not heed that", async () => {
    const { exitCode, stderr } = await limited(
      1,
      30,
      process.execPath,
      "-e",
      'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6)',
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 124, stderr: "limit: silence 1" })
  })
})
