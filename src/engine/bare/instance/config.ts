import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { stringify } from "smol-toml"
import { CNI_FOLDER } from "../artefacts/host-packages.js"
import { writeFileAtomic } from "../state/atomic-file.js"
import type { InstanceFolder } from "../state/state-folder.js"

export interface EngineSettings {
  registryPort: number
  /** Folder with the engine's programs. */
  binaries: string
  resolvConf: string
}

/** The engine prunes its cache when it exceeds this size, or when the disk is nearly full. */
export const CACHE_LIMITS = { maxUsedSpace: "40GB", reservedSpace: "10GB", minFreeSpace: "10GB" } as const

/** BuildKit's side of the engine's configuration. */
export function engineToml(folder: InstanceFolder, settings: EngineSettings): string {
  const registry = `127.0.0.1:${settings.registryPort}`
  const mirror = `127.0.0.1:${mirrorPort(settings.registryPort)}`
  return stringify({
    "insecure-entitlements": ["security.insecure"],
    worker: { oci: { cniBinaryPath: join(folder.config, "cni"), defaultCgroupParent: folder.cgroup } },
    registry: {
      "docker.io": { mirrors: [mirror] },
      [mirror]: { http: true },
      [registry]: { http: true },
      [`localhost:${settings.registryPort}`]: { http: true },
    },
  })
}

export function engineJson(): string {
  return JSON.stringify({ logLevel: "info", gc: CACHE_LIMITS })
}

/**
 * Where the base images are served, on the loopback of the engine's network namespace. The users' registry has its own port
 * there too, so that an image has the same name on both sides.
 */
export function mirrorPort(registryPort: number): number {
  return registryPort === 65535 ? registryPort - 1 : registryPort + 1
}

/**
 * docker-registry's configuration, which is YAML, and JSON is a subset of that.
 *
 * @param users file of the users who may read and write; without it, everybody may read and nobody may write
 */
export function registryConfig(port: number, storage: string, users?: string): string {
  return JSON.stringify({
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: true },
      ...(users === undefined
        ? { maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: true } } }
        : {}),
    },
    http: { addr: `127.0.0.1:${port}` },
    ...(users === undefined ? {} : { auth: { htpasswd: { realm: "runner-images", path: users } } }),
  })
}

/** The configuration of the registry on the host's loopback. Nobody reads or writes without the instance's password. */
export function writableRegistryConfig(folder: InstanceFolder, registryPort: number): string {
  return registryConfig(registryPort, folder.registryStorage, folder.registryUsers)
}

/** Writes all configuration of the engine and the registries, below the instance's folder. */
export function writeConfig(folder: InstanceFolder, settings: EngineSettings): void {
  const { config } = folder
  mkdirSync(config, { recursive: true })
  writeFileAtomic(join(config, "engine.toml"), engineToml(folder, settings))
  writeFileAtomic(join(config, "engine.json"), engineJson())
  writeFileAtomic(join(config, "resolv.conf"), settings.resolvConf)
  const { registryPort } = settings
  writeFileAtomic(join(config, "bases.json"), registryConfig(mirrorPort(registryPort), folder.basesStorage))
  writeFileAtomic(join(config, "registry.json"), registryConfig(registryPort, folder.registryStorage))
  writeFileAtomic(join(config, "registry-writable.json"), writableRegistryConfig(folder, registryPort))
  writeCniFolder(join(config, "cni"), settings.binaries)
}

/** One folder with the distribution's plugins and the engine's own, as CNI requires. */
function writeCniFolder(folder: string, binaries: string): void {
  const next = `${folder}.new`
  rmSync(next, { recursive: true, force: true })
  mkdirSync(next)
  for (const plugin of readdirSync(CNI_FOLDER)) symlinkSync(join(CNI_FOLDER, plugin), join(next, plugin))
  rmSync(join(next, "dnsname"), { force: true })
  symlinkSync(join(binaries, "dnsname"), join(next, "dnsname"))
  rmSync(folder, { recursive: true, force: true })
  renameSync(next, folder)
}

export function emptyFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  mkdirSync(path, { recursive: true })
}
