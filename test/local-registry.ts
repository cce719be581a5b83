import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { registryLogin, type RegistryLogin } from "../src/engine/bare/known.js"

/** host:port of the registry of the bare engine that the tests run on; empty on any other engine. */
export const LOCAL_REGISTRY = process.env.RUNNER_IMAGES_TEST_REGISTRY ?? ""

export function loginTo(registry: string): RegistryLogin {
  const login = registryLogin(Number(registry.split(":").at(-1)))
  if (!login) throw new Error(`no bare engine of this machine has a registry on ${registry}`)
  return login
}

/** For skopeo's environment: where it finds the registry's user and password, which are in no argument that way. */
export function registryEnvironment(registry = LOCAL_REGISTRY): { REGISTRY_AUTH_FILE: string } {
  const { username, password } = loginTo(registry)
  const folder = mkdtempSync(join(tmpdir(), "local-registry-"))
  process.once("exit", () => {
    rmSync(folder, { recursive: true, force: true })
  })
  const file = join(folder, "auth.json")
  const auth = Buffer.from(`${username}:${password}`).toString("base64")
  writeFileSync(file, JSON.stringify({ auths: { [registry]: { auth } } }), { mode: 0o600 })
  return { REGISTRY_AUTH_FILE: file }
}
