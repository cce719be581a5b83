import { accessSync, chmodSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { platformOfNodeArch, PLATFORMS, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { withoutSecrets } from "../../../../dagger/src/core/text/mirror.js"
import { makeFolder } from "../../../artifacts/writable-folder.js"
import { sudoCaller, untrustedPart } from "./trusted-path.js"

/** @example parseOsRelease('ID=debian\nVERSION_CODENAME="trixie"') ⇒ { ID: "debian", VERSION_CODENAME: "trixie" } */
export function parseOsRelease(text: string): Record<string, string> {
  const entries = text.split("\n").flatMap((line) => {
    const match = /^([A-Z_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim())
    return match ? [[match[1] ?? "", match[2] ?? match[3] ?? match[4] ?? ""] as const] : []
  })
  return Object.fromEntries(entries)
}

/** @param root where the system's files are */
export function osRelease(root = "/"): Record<string, string> {
  const path = ["etc/os-release", "usr/lib/os-release"]
    .map((name) => join(root, name))
    .find((candidate) => existsSync(candidate))
  return path ? parseOsRelease(readFileSync(path, "utf8")) : {}
}

/** Everything about a host that decides whether a bare engine can run on it. */
export interface HostFacts {
  system: NodeJS.Platform
  nodeArch: string
  userId: number
  osRelease: Record<string, string>
  hasApt: boolean
  /** Text of /proc/filesystems. */
  filesystems: string
  /** Whether the kernel has network namespaces. */
  networkNamespaces: boolean
  /** The environment's proxy variables. */
  proxies: Record<string, string>
}

/** @param root where the system's files are */
export function hostFacts(env: NodeJS.ProcessEnv, root = "/"): HostFacts {
  const filesystems = join(root, "proc/filesystems")
  return {
    system: process.platform,
    nodeArch: process.arch,
    userId: process.getuid?.() ?? -1,
    osRelease: osRelease(root),
    hasApt: isExecutable(join(root, "usr/bin/apt-get")),
    filesystems: existsSync(filesystems) ? readFileSync(filesystems, "utf8") : "",
    networkNamespaces: existsSync(join(root, "proc/self/ns/net")),
    proxies: proxyVariables(env),
  }
}

const PROXY_NAMES = ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"]

export function proxyVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => PROXY_NAMES.includes(entry[0].toLowerCase()) && !!entry[1],
  )
  return Object.fromEntries(entries)
}

/**
 * Checks that a bare engine can run here and returns the host's platform.
 *
 * @throws RunnerImagesError ENGINE_HOST with the first thing that is missing
 */
export function checkHost(facts: HostFacts): PlatformName {
  const name = facts.osRelease["PRETTY_NAME"] ?? facts.system
  if (facts.system !== "linux") throw missing(`The bare engine runs on Linux, but this is ${facts.system}.`, DOCKER)
  const family = [facts.osRelease["ID"] ?? "", ...(facts.osRelease["ID_LIKE"] ?? "").split(" ")]
  if (!family.some((id) => id === "debian" || id === "ubuntu") || !facts.hasApt)
    throw missing(`The bare engine runs on Debian and Ubuntu, but this is ${name}.`, DOCKER)
  const platform = platformOfNodeArch(facts.nodeArch)
  if (!platform)
    throw missing(`The bare engine runs on ${PLATFORMS.join(" and ")}, but this machine is ${facts.nodeArch}.`, DOCKER)
  if (facts.userId !== 0)
    throw missing(
      "The bare engine needs root: it creates network namespaces and mounts.",
      `Use sudo. Or ${DOCKER.charAt(0).toLowerCase()}${DOCKER.slice(1)}`,
    )
  if (!facts.networkNamespaces)
    throw missing("The kernel has no network namespaces (CONFIG_NET_NS).", "Boot the distribution's own kernel.")
  const proxy = Object.entries(facts.proxies).find(([variable, value]) => !/^no_/i.test(variable) && isLoopback(value))
  if (proxy)
    throw missing(
      `${proxy[0]} is ${withoutSecrets(proxy[1])}: the engine runs in a network namespace that cannot reach the host's loopback.`,
      "Let the proxy listen on an address of this host that containers can reach, and set the variable to that.",
    )
  return platform
}

/** The required file systems that the kernel lacks, each named like its module. */
export function missingFilesystems(filesystems: string): string[] {
  const known = filesystems.split("\n").map((line) => line.split("\t").at(-1))
  return ["overlay", "binfmt_misc"].filter((name) => !known.includes(name))
}

function missing(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("ENGINE_HOST", problem, remedy)
}

const DOCKER = "Install and start Docker: then Dagger runs its engine there."

function isLoopback(address: string): boolean {
  return /(^|[/@])(localhost|127(\.\d+){3}|\[::1\])(:|\/|$)/i.test(address)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A program's path, searched for as a shell does, and also in root's folders: sudo and cron leave those out of PATH. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = [
    ...(env["PATH"] ?? "").split(":"),
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/usr/local/bin",
    "/usr/bin",
  ]
  return folders
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

/** Bytes that can still be written where a path is, or will be. */
export function freeBytes(path: string): number {
  let existing = path
  while (!existsSync(existing)) existing = dirname(existing)
  const disk = statfsSync(existing)
  return disk.bavail * disk.bsize
}

/** @throws RunnerImagesError ENGINE_DISK when there is less free space than needed */
export function checkDisk(path: string, neededBytes: number): void {
  const free = freeBytes(path)
  if (free >= neededBytes) return
  throw new RunnerImagesError(
    "ENGINE_DISK",
    `The bare engine needs ${gigabytes(neededBytes)} of free disk space for ${path}, but only ${gigabytes(free)} is free.`,
    "Free some space (runner-images engine prune), or set XDG_CACHE_HOME to a folder on a larger disk.",
  )
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}

/**
 * Creates the state folder and closes it to everybody but root: it holds base images, programs that root runs and a password.
 *
 * @param caller who may also own folders on the path to it
 * @throws RunnerImagesError ENGINE_STATE when it cannot be written, or others could replace it
 */
export function checkStateFolder(root: string, caller = sudoCaller(process.env)): void {
  try {
    const untrusted = untrustedPart(dirname(root), caller)
    if (untrusted !== undefined) throw new Error(untrusted)
    makeFolder(root, 0o700)
    accessSync(root, constants.W_OK)
    const { uid } = statSync(root)
    if (uid !== process.getuid?.()) throw new Error(`it belongs to user ${uid}`)
    chmodSync(root, 0o700)
  } catch (cause) {
    throw new RunnerImagesError(
      "ENGINE_STATE",
      `The bare engine's state folder ${root} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Set XDG_CACHE_HOME to a folder that only root can write to.",
      { cause },
    )
  }
}

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
}
