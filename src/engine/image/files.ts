import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { stringify } from "smol-toml"
import { spelling, type PlatformName } from "../../../dagger/src/core/platforms.js"
import { linkOrCopy } from "../../artifacts/reuse.js"
import { baseDigest } from "../bare/artefacts/bases.js"
import { CNI_FOLDER } from "../bare/artefacts/host-packages.js"
import { binfmtRule, emulatorProgram, foreignPlatforms } from "../bare/host/binfmt.js"
import { engineJson, registryConfig } from "../bare/instance/config.js"
import { writeRegistryStorage } from "../bare/instance/registry-storage.js"
import type { Artefacts } from "../bare/make-artefacts.js"
import { BASE } from "../bare/state/version.js"

export const ENTRYPOINT = "/usr/local/bin/dagger-entrypoint.sh"
/** Where the image has the command line that clients need. */
export const CLI = "/usr/local/bin/dagger"

const SOURCE = fileURLToPath(new URL("./entrypoint.sh", import.meta.url))

/** What is not on PATH. `entrypoint.sh` names it too. */
const OWN = "/usr/local/lib/dagger-engine"
const BASES_STORAGE = `${OWN}/bases`

/** In the container's own network namespace, where nothing else listens. */
export const BASES_PORT = 5001

/** BuildKit's side of the engine's configuration. */
function engineToml(): string {
  const mirror = `127.0.0.1:${BASES_PORT}`
  return stringify({
    "insecure-entitlements": ["security.insecure"],
    worker: { oci: { cniBinaryPath: CNI_FOLDER } },
    registry: { "docker.io": { mirrors: [mirror] }, [mirror]: { http: true } },
  })
}

/** The name of the kernel's rule for a foreign platform's programs. */
function ruleName(platform: PlatformName): string {
  return `runner-images-engine-${spelling(platform).uname}`
}

/**
 * Lays out the files that the image has above its packages.
 *
 * @param root an empty folder on the artefacts' disk
 * @param programs folder of what only the image needs
 */
export async function layOut(
  root: string,
  host: PlatformName,
  artefacts: Omit<Artefacts, "registryProgram">,
  programs: string,
): Promise<void> {
  const { binaries, emulator, bases, content } = artefacts
  const at = (path: string) => {
    const place = join(root, path)
    mkdirSync(dirname(place), { recursive: true })
    return place
  }
  const link = (from: string, path: string) => {
    linkOrCopy(from, at(path))
  }
  const write = (path: string, text: string) => {
    writeFileSync(at(path), text)
  }
  link(join(binaries, "engine"), "/usr/local/bin/dagger-engine")
  link(join(binaries, "dagger"), CLI)
  link(join(binaries, "dnsname"), join(CNI_FOLDER, "dnsname"))
  link(join(binaries, "init"), `${OWN}/init`)
  for (const name of readdirSync(programs)) link(join(programs, name), `/usr/local/bin/${name}`)

  cpSync(content, at(`${OWN}/content`), { recursive: true })
  await writeRegistryStorage(at(BASES_STORAGE), bases, { ...BASE, digest: baseDigest(bases) })
  write(`${OWN}/bases.json`, registryConfig(BASES_PORT, BASES_STORAGE))
  for (const platform of foreignPlatforms(host)) {
    const program = emulatorProgram(`${OWN}/emulator`, platform)
    link(emulatorProgram(emulator, platform), program)
    const name = ruleName(platform)
    write(`${OWN}/binfmt/${name}`, binfmtRule(name, spelling(platform), program))
  }
  write("/etc/dagger/engine.toml", engineToml())
  write("/etc/dagger/engine.json", engineJson())
  copyFileSync(SOURCE, at(ENTRYPOINT))
  chmodSync(at(ENTRYPOINT), 0o755)
}
