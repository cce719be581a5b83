import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { exec } from "../../../host/exec.js"
import { writeFileAtomic } from "../state/atomic-file.js"
import { findProgram, osRelease } from "../host/host.js"
import { KEYRING } from "./archive.js"
import { makeOnce } from "./artefact.js"
import { runTool } from "./build-tool.js"
import type { StateFolder } from "../state/state-folder.js"

interface Need {
  package: string
  /** A program by name, or a file by path, that shows that the need is met, whoever installed it. */
  shownBy: string
  /** What engines run. The others only build artefacts. */
  engine?: true
}

const CNI_FOLDER = "/usr/lib/cni"

const NEEDS: Need[] = [
  { package: "runc", shownBy: "runc", engine: true },
  { package: "dnsmasq-base", shownBy: "dnsmasq", engine: true },
  { package: "iptables", shownBy: "iptables", engine: true },
  { package: "iproute2", shownBy: "ip", engine: true },
  { package: "containernetworking-plugins", shownBy: `${CNI_FOLDER}/bridge`, engine: true },
  { package: "mmdebstrap", shownBy: "mmdebstrap" },
  { package: "arch-test", shownBy: "arch-test" },
  { package: "skopeo", shownBy: "skopeo" },
  { package: "git", shownBy: "git", engine: true },
  { package: "ripgrep", shownBy: "rg", engine: true },
  { package: "xz-utils", shownBy: "xz", engine: true },
  { package: "pigz", shownBy: "pigz", engine: true },
  { package: "zstd", shownBy: "zstd", engine: true },
  { package: "ca-certificates", shownBy: "/etc/ssl/certs/ca-certificates.crt", engine: true },
  { package: "debian-archive-keyring", shownBy: KEYRING },
]

export { CNI_FOLDER }

/** Packages of the programs that an engine runs. */
export const ENGINE_PACKAGES = NEEDS.filter(({ engine }) => engine).map((need) => need.package)

/** Packages that have to be installed. Only looks, changes nothing. */
export function missingPackages(isThere: (shownBy: string) => boolean = shown): string[] {
  return NEEDS.filter((need) => !isThere(need.shownBy)).map((need) => need.package)
}

function shown(by: string): boolean {
  return by.startsWith("/") ? existsSync(by) : findProgram(by) !== undefined
}

const installedSchema = z.object({
  /** Packages that this program installed on the host, dependencies included. */
  installed: z.array(z.string()),
  /** The packages that were there before an installation that may not have finished. */
  before: z.array(z.string()).optional(),
})

/** Packages that `up` installed on this host and `down` leaves. */
export function installedByUs(state: StateFolder): string[] {
  return existsSync(state.installedPackages) ? readInstalled(state).installed : []
}

function readInstalled(state: StateFolder): z.infer<typeof installedSchema> {
  if (!existsSync(state.installedPackages)) return { installed: [] }
  return installedSchema.parse(JSON.parse(readFileSync(state.installedPackages, "utf8")))
}

/** apt must not restart services or ask questions. */
const QUIET_APT = {
  DEBIAN_FRONTEND: "noninteractive",
  APT_LISTCHANGES_FRONTEND: "none",
  NEEDRESTART_SUSPEND: "1",
  LC_ALL: "C.UTF-8",
}

/** Installs what is missing and records all packages that this added. */
export async function installPackages(state: StateFolder, log: (line: string) => void): Promise<void> {
  const record = readInstalled(state)
  const missing = missingPackages()
  const before = record.before ?? (missing.length > 0 ? await installedPackages() : undefined)
  if (before) writeFileAtomic(state.installedPackages, JSON.stringify({ installed: record.installed, before }))
  if (missing.length > 0) {
    log(`packages: installing ${missing.join(" ")}`)
    // A killed installation leaves packages unconfigured, and apt then refuses to continue.
    await exec("dpkg", ["--configure", "-a"], { env: QUIET_APT })
    await exec("apt-get", ["update", "-qq"], { env: QUIET_APT })
    await exec(
      "apt-get",
      ["install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...missing],
      { env: QUIET_APT },
    )
  }
  if (before) {
    const added = (await installedPackages()).filter((name) => !before.includes(name))
    const installed = [...new Set([...record.installed, ...added])].sort()
    writeFileAtomic(state.installedPackages, JSON.stringify({ installed }))
  }
}

async function installedPackages(): Promise<string[]> {
  const list = await exec("dpkg-query", ["-W", "-f", "${db:Status-Abbrev} ${Package}\n"])
  return list.split("\n").flatMap((line) => /^ii\s+(\S+)/.exec(line)?.[1] ?? [])
}

/**
 * The registry program: the host's own, or one unpacked from the package into the state folder. Installing the package would
 * start a service on port 5000.
 */
export async function registryProgram(state: StateFolder, work: string): Promise<string> {
  const own = findProgram("docker-registry")
  if (own !== undefined) return own
  const os = osRelease()
  const folder = join(state.root, `registry-program-${os["ID"] ?? ""}-${os["VERSION_ID"] ?? ""}`)
  await makeOnce(folder, work, async (target) => {
    // apt refuses to download as its own user into root's folders.
    const args = ["-qq", "-o", "APT::Sandbox::User=root", "download", "docker-registry"]
    const download = () => runTool("apt-get", args, work, { cwd: target, env: QUIET_APT })
    try {
      await download()
    } catch {
      await exec("apt-get", ["update", "-qq"], { env: QUIET_APT })
      await download()
    }
    await exec("sh", ["-c", "dpkg-deb -x docker-registry_*.deb . && rm docker-registry_*.deb"], { cwd: target })
  })
  return join(folder, "usr/bin/docker-registry")
}
