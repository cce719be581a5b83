import { hashSync } from "bcryptjs"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { openSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { findProgram } from "../../src/engine/bare/host/host.js"
import { freePort } from "../free-port.js"

export interface GuardedRegistry {
  /** `127.0.0.1:41234` */
  readonly address: string
  /** Everything that was pushed. */
  readonly storage: string
  /** Every request, and all that the program has to say of it. */
  readonly log: string
  stop(): Promise<void>
}

/** The distribution's registry, with its storage and its log in a folder, for one user. */
export async function startGuardedRegistry(
  folder: string,
  username: string,
  password: string,
): Promise<GuardedRegistry> {
  const port = await freePort()
  const [config, users, storage, log] = ["config.yml", "users", "storage", "registry.log"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  // The program knows only this one of bcrypt's prefixes.
  writeFileSync(users, `${username}:${hashSync(password, 4).replace(/^\$2b/, "$2y")}\n`)
  const settings = {
    version: "0.1",
    log: { level: "debug", accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${String(port)}` },
    auth: { htpasswd: { realm: "canaries", path: users } },
  }
  writeFileSync(config, JSON.stringify(settings))
  const output = openSync(log, "a")
  const registry = spawn(findProgram("docker-registry") ?? "docker-registry", ["serve", config], {
    stdio: ["ignore", output, output],
  })
  const address = `127.0.0.1:${String(port)}`
  for (let tries = 0; !(await asksForPassword(address)); tries++) {
    if (tries > 100 || registry.exitCode !== null) throw new Error(`docker-registry does not answer: ${log}`)
    await setTimeout(100)
  }
  return {
    ...{ address, storage, log },
    stop: async () => {
      if (registry.exitCode !== null) return
      registry.kill()
      await once(registry, "exit")
    },
  }
}

async function asksForPassword(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/v2/`)).status === 401
  } catch {
    return false
  }
}
