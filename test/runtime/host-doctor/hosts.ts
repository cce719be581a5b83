import { once } from "node:events"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import { onTestFinished } from "vitest"
import { parseMirror } from "../../../dagger/src/core/text/mirror.js"
import { examine } from "../../../src/doctor/checks.js"
import { Examination, type World } from "../../../src/doctor/examination/examination.js"
import type { Finding } from "../../../src/doctor/examination/finding.js"
import { hostFacts } from "../../../src/engine/bare/host/host.js"
import { findingsText } from "../../../src/output/findings.js"
import { PINS_TEXT } from "../../unit/core/catalog/pins.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"
import { freePort } from "../../free-port.js"

/** The text of a rule of binfmt_misc for arm64 programs, as the kernel shows it. */
export function binfmtRule({ state = "enabled", flags = "POCF" } = {}): string {
  const header = "7f454c460201010000000000000000000200b700"
  return `${state}\ninterpreter /usr/bin/qemu-aarch64-static\nflags: ${flags}\noffset 0\nmagic ${header}\nmask ffff\n`
}

/** A host of folders, programs and servers, on which everything is well: what a case breaks, it replaces. */
export class TestHost {
  readonly folder = temporaryFolder("doctor")
  readonly root = join(this.folder, "root")
  readonly bin = join(this.folder, "bin")
  readonly home = join(this.folder, "home")
  world!: World

  static async make(): Promise<TestHost> {
    const host = new TestHost()
    const server = await host.serve((_, response) => response.end("[]"))
    for (const folder of [host.bin, host.home, join(host.folder, "dist")]) mkdirSync(folder, { recursive: true })
    host.file("proc/filesystems", "nodev\tproc\nnodev\toverlay\nnodev\tbinfmt_misc\n\text4\n")
    host.file("proc/self/ns/net", "")
    host.file("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/vda rw\n")
    host.file("proc/meminfo", "MemTotal:       16000000 kB\n")
    host.file("proc/sys/fs/binfmt_misc/register", "")
    host.file("proc/sys/fs/binfmt_misc/status", "enabled\n")
    host.file("proc/sys/fs/binfmt_misc/qemu-aarch64", binfmtRule())
    host.file("etc/os-release", 'ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n')
    host.program(join(host.root, "usr/bin/apt-get"), "exit 0")
    host.program(join(host.root, "usr/bin/qemu-aarch64-static"), 'echo "qemu-aarch64 version 10.0.13 (Debian)"')
    for (const path of ["usr/lib/cni/bridge", "etc/ssl/certs/ca-certificates.crt"]) host.file(path, "")
    host.file("usr/share/keyrings/debian-archive-keyring.gpg", "")
    for (const name of ["runc", "dnsmasq", "iptables", "ip", "mmdebstrap", "arch-test", "skopeo", "git", "rg", "xz"])
      host.program(name, "exit 0")
    for (const name of ["pigz", "zstd", "unshare"]) host.program(name, "exit 0")
    host.program("modprobe", "exit 1")
    host.program("apt-get", `echo "${server}/debian trixie main x"\necho "${server}/security trixie-security main x"`)
    host.program("npm", `echo "${server}/npm/"`)
    host.program(
      "go",
      `case "$1" in version) echo "go version go1.26.8 linux/amd64" ;; *) echo "${server}/go,direct" ;; esac`,
    )
    const variables = {
      PATH: host.bin,
      HOME: host.home,
      XDG_CACHE_HOME: join(host.folder, "cache"),
      RUNNER_IMAGES_REGISTRY_PORT: String(await freePort()),
    }
    host.world = {
      // The servers that are not on this host are reached through a proxy that is.
      env: { ...variables, http_proxy: server, https_proxy: server, no_proxy: "127.0.0.1,nowhere.invalid" },
      root: host.root,
      facts: { ...hostFacts(variables, host.root), system: "linux", nodeArch: "x64", userId: 0 },
      nodeVersion: "v24.1.0",
      nodeNeeded: ">=20.19",
      output: join(host.folder, "dist"),
      pins: host.file("pins.yaml", PINS_TEXT.replace("1.27.2", "1.27.3").replace("1.26.8", "1.26.10")),
      mirror: parseMirror(server),
      imageRegistry: `${server}/v2/`,
      trust: { path: "/etc/ssl/certs/ca-certificates.crt" },
      now: () => new Date("2026-11-30T12:00:00Z"),
      freeBytes: () => 100e9,
      patience: 5000,
    }
    return host
  }

  /** A file below the host's root. */
  file(path: string, text: string): string {
    const place = join(this.root, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text)
    return place
  }

  /** A program in the host's PATH, or at an absolute path. */
  program(name: string, script: string): string {
    const place = name.startsWith("/") ? name : join(this.bin, name)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, `#!/bin/sh\n${script}\n`)
    chmodSync(place, 0o755)
    return place
  }

  /** Docker with a running daemon. */
  docker(): void {
    this.program("docker", `case "$1" in version) echo 28.2.2 ;; *) echo "${this.folder}" ;; esac`)
  }

  env(variables: NodeJS.ProcessEnv): void {
    this.world.env = { ...this.world.env, ...variables }
  }

  async serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  examine(): Promise<Finding[]> {
    return examine(new Examination(this.world))
  }

  /** What a user sees, without what differs from run to run. */
  screen(findings: readonly Finding[]): string {
    return (
      `\n${findingsText(findings)}\n`
        .replaceAll(this.folder, "<host>")
        .replaceAll("EAI_AGAIN", "ENOTFOUND")
        // Servers date their answers to the second.
        .replaceAll(/\b(1079|1080|11|12)\d s /g, (_, digits: string) => (digits.length > 2 ? "10800 s " : "120 s "))
        .replaceAll(/process \d+ \(.*?\) of user \d+/g, "process <pid> (<program>) of user <uid>")
        .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:<port>")
        .replaceAll(/(port|Port|sport = :) ?\d+/g, "$1 <port>")
    )
  }

  /** What a user sees of everything that is not well. */
  async faults(): Promise<string> {
    return this.screen((await this.examine()).filter(({ status }) => status === "warning" || status === "problem"))
  }
}
