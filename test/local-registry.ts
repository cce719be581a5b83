import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { registryLogin, type RegistryLogin } from "../src/engine/bare/instance/known.js"

/** host:port of the registry of the bare engine that the tests run on; empty on any other engine. */
export const LOCAL_REGISTRY = process.env.RUNNER_IMAGES_TEST_REGISTRY ?? ""

export function loginTo(registry: string): RegistryLogin {
  const login = registryLogin(Number(registry.split(":").at(-1)))
  if (!login) throw new Error(`no bare engine of this machine has a registry on ${registry}`)
  return login
}

/** Does work with the environment in which skopeo finds the registry's user and password, which are in no argument that way. */
export async function withRegistryLogin<T>(
  work: (env: { REGISTRY_AUTH_FILE: string }) => Promise<T>,
  registry = LOCAL_REGISTRY,
): Promise<T> {
  const { username, password } = loginTo(registry)
  const folder = mkdtempSync(join(tmpdir(), "local-registry-"))
  try {
    const file = join(folder, "auth.json")
    const auth = Buffer.from(`${username}:${password}`).toString("base64")
    writeFileSync(file, JSON.stringify({ auths: { [registry]: { auth } } }), { mode: 0o600 })
    return await work({ REGISTRY_AUTH_FILE: file })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
