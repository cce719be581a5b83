import type { Container } from "@dagger.io/dagger"
import { randomUUID } from "node:crypto"
import { describe, expect, it } from "vitest"
import { compareFileManifests } from "../../dagger/src/core/parity/file-manifest.js"
import { withCacheBuster } from "../../dagger/src/pipeline/engine/engine-host.js"
import { scanRootfs } from "../../dagger/src/pipeline/checks/inspect.js"
import { finishLayers } from "../../dagger/src/pipeline/oci/finish.js"
import { installPackages, nativeToolsOf } from "../../dagger/src/pipeline/packages/packages.js"
import { manifestOf } from "../../dagger/src/pipeline/parity/file-manifest.js"
import { KEY_PROGRAMS } from "../../docker/runtime/src/container/renewed-keys.js"
import { archived, foreignOf, inSession } from "./foreign-packages.js"

/** Packages whose scripts make keys, users, a certificate and a database, and write the time. */
const PACKAGES = ["cron", "fontconfig", "git-lfs", "openssh-server", "postgresql", "python3-minimal"]

const LIST = "/usr/local/lib/runner-images/renewed-keys"
const KEYS = "ls /etc/ssh/ssh_host_* /etc/ssl/private /etc/ssl/certs/ssl-cert-snakeoil.pem"

it("makes the same files at any time, and no key that all containers would share", async () => {
  const found = await inSession(async (engineHost) => {
    const install = await archived(engineHost, engineHost.platform, PACKAGES)
    // The second never comes from the engine's cache.
    const again = { ...install, root: withCacheBuster(install.root, new Date().toISOString()) }
    const { container } = await installPackages(engineHost, install)
    const second = await installPackages(engineHost, again)
    const [expected, actual] = [await manifestOf(engineHost, container), await manifestOf(engineHost, second.container)]
    const { identities, secrets } = await scanRootfs(engineHost, second.container, engineHost.platform, [])
    const epoch = Number(await install.debs.file("epoch").contents())
    const shadow = await second.container.file("/etc/shadow").contents()
    const list = (await container.file(LIST).contents()).split("\n").filter((name) => name !== "")
    return {
      enough: expected.size > 5000,
      differences: compareFileManifests(expected, actual),
      identities,
      secrets,
      list,
      // Days since 1970, as those of the youngest package.
      changed: ["sshd", "postgres"].map((user) => dayOf(shadow, user) - Math.floor(epoch / 86_400)),
      keys: await keysOf(container, list),
      cluster: [...expected.keys()].filter((path) => /^\/(?:etc|var\/lib)\/postgresql\/./.test(path)),
    }
  })
  expect(found).toMatchInlineSnapshot(`
    {
      "changed": [
        0,
        0,
      ],
      "cluster": [],
      "differences": [],
      "enough": true,
      "identities": [],
      "keys": [
        "/etc/ssh/ssh_host_ecdsa_key",
        "/etc/ssh/ssh_host_ecdsa_key.pub",
        "/etc/ssh/ssh_host_ed25519_key",
        "/etc/ssh/ssh_host_ed25519_key.pub",
        "/etc/ssh/ssh_host_rsa_key",
        "/etc/ssh/ssh_host_rsa_key.pub",
        "/etc/ssl/certs/ssl-cert-snakeoil.pem",
        "/etc/ssl/private:",
        "ssl-cert-snakeoil.key",
      ],
      "list": [
        "snakeoil-certificate",
        "ssh-host-keys",
      ],
      "secrets": [],
    }
  `)
})

function dayOf(shadow: string, user: string): number {
  const line = shadow.split("\n").find((entry) => entry.startsWith(`${user}:`))
  return Number(line?.split(":")[2])
}

/** The keys that the images' programs make again, as they do when a container starts. */
async function keysOf(root: Container, names: readonly string[]): Promise<string[]> {
  const made = names.reduce((container, name) => container.withExec([...(KEY_PROGRAMS[name] ?? ["false"])]), root)
  return (await made.withExec(["sh", "-c", KEYS]).stdout()).split("\n").filter((line) => line !== "")
}

describe.each(["native", "foreign"] as const)("packages of the %s platform", (side) => {
  it("become the same layers at any time, those below the last one too", async () => {
    const found = await inSession(async (engineHost) => {
      const platform = side === "native" ? engineHost.platform : foreignOf(engineHost)
      const [install, native] = await Promise.all(
        [platform, engineHost.platform].map((name) => archived(engineHost, name, ["cron", "jq", "python3-minimal"])),
      )
      if (!install || !native) throw new Error("two platforms give two installations")
      const created = new Date(Number(await install.debs.file("epoch").contents()) * 1000).toISOString()
      const layersOf = async () => {
        const again = { ...install, root: withCacheBuster(install.root, randomUUID()) }
        const tools = side === "native" ? undefined : nativeToolsOf(native)
        const { container, installMethod } = await installPackages(engineHost, again, tools)
        const { images } = await finishLayers([{ platform, container }], { created }, engineHost)
        return { installMethod, digests: images.flatMap(({ layers }) => layers.map(({ digest }) => digest)) }
      }
      const first = await layersOf()
      return [first, await layersOf()] as const
    })
    const [first, second] = found
    expect(first.installMethod).toBe(side === "native" ? "native" : "accelerated")
    expect(first.digests).toHaveLength(3)
    expect(second).toEqual(first)
  })
})
