import { execa } from "execa"
import { writeFileSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { join } from "node:path"

/** The path of a program; undefined if it is not on this machine. */
export async function program(name: string): Promise<string | undefined> {
  const { stdout, exitCode } = await execa("sh", ["-c", `command -v ${name}`], { reject: false })
  return exitCode === 0 ? stdout : undefined
}

export interface TestRegistry {
  /** `host:port` */
  address: string
  stop: () => Promise<void>
}

/** Starts the distribution's registry, which has no list of referrers, with its storage in a folder. */
export async function startRegistry(folder: string): Promise<TestRegistry> {
  const address = `127.0.0.1:${String(await freePort())}`
  const configuration = join(folder, "registry.yml")
  const storage = { filesystem: { rootdirectory: join(folder, "registry") }, delete: { enabled: true } }
  writeFileSync(
    configuration,
    JSON.stringify({ version: "0.1", log: { level: "error" }, storage, http: { addr: address } }),
  )
  const server = execa("docker-registry", ["serve", configuration], {
    reject: false,
    stdout: "ignore",
    stderr: "ignore",
  })
  let ended = false
  await Promise.race([
    answers(`http://${address}/v2/`),
    server.then(({ exitCode }) => {
      if (!ended) throw new Error(`the registry ended with code ${String(exitCode)}`)
    }),
  ])
  return {
    address,
    stop: async () => {
      ended = true
      server.kill()
      await server
    },
  }
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error("the registry does not answer")
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
