import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { once } from "node:events"
import { dirname, join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { hostFacts } from "../../../src/engine/bare/host/host.js"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { parseMirror } from "../../../dagger/src/core/text/mirror.js"
import { PINS_TEXT } from "../../unit/core/catalog/pins.js"
import { binfmtRule, TestHost } from "./hosts.js"

describe("a host on which all is well", () => {
  it("without Docker", async () => {
    const host = await TestHost.make()
    expect(host.screen(await host.examine())).toMatchInlineSnapshot(`
      "
      ok       Node.js                 v24.1.0; 20.19 or newer is needed
      ok       cache folder            <host>/cache/runner-images
      ok       output folder           <host>/dist
      ok       docker                  not installed
      ok       podman                  not installed
      ok       bare engine             can be started, with Go 1.26.8
      ok       registry port           127.0.0.1:<port> is free
      ok       engine                  none runs; a build starts the bare engine v0.19.10
      ok       emulation: linux/arm64  the bare engine adds a rule with its own QEMU when it starts, which the kernel asks before those that are there
      ok       disk: engine            100.0 GB free for <host>/cache/runner-images/engine; 11.3 GB are needed
      ok       disk: output            100.0 GB free for <host>/dist; 2.0 GB are needed
      ok       memory                  15 GiB, all of this machine
      ok       certificates            /etc/ssl/certs/ca-certificates.crt
      ok       clock                   agrees with the servers'
      ok       package archive         127.0.0.1:<port>: reachable
      ok       npm registry            127.0.0.1:<port>: reachable
      ok       Go module proxy         127.0.0.1:<port>: reachable
      ok       vendors                 127.0.0.1:<port>: reachable
      ok       credentials             none stored: publish takes them from --username and --password-file
      ok       catalog: runner         The pinned runner 2.338.0 is of unknown age; there is no newer one

      No problems found.
      "
    `)
  })

  it("with Docker", async () => {
    const host = await TestHost.make()
    host.docker()
    expect(host.screen(await host.examine())).toMatchInlineSnapshot(`
      "
      ok       Node.js                 v24.1.0; 20.19 or newer is needed
      ok       cache folder            <host>/cache/runner-images
      ok       output folder           <host>/dist
      ok       docker                  28.2.2 is running
      ok       podman                  not installed
      skipped  bare engine             not needed: docker 28.2.2 is running
      skipped  registry port           only the bare engine has a registry of its own
      ok       engine                  Dagger's v0.19.10 in docker, because docker 28.2.2 is running
      ok       emulation: linux/arm64  QEMU 10.0.13, by the kernel's rule qemu-aarch64
      ok       disk: engine            100.0 GB free for <host>; 9.0 GB are needed
      ok       disk: output            100.0 GB free for <host>/dist; 2.0 GB are needed
      ok       memory                  15 GiB, all of this machine
      ok       certificates            /etc/ssl/certs/ca-certificates.crt
      ok       clock                   agrees with the servers'
      ok       package archive         deb.debian.org, security.debian.org: reachable
      ok       base image              127.0.0.1:<port>: reachable
      ok       npm registry            127.0.0.1:<port>: reachable
      ok       Go module proxy         127.0.0.1:<port>: reachable
      ok       vendors                 127.0.0.1:<port>: reachable
      ok       credentials             none stored: publish takes them from --username and --password-file
      ok       catalog: runner         The pinned runner 2.338.0 is of unknown age; there is no newer one

      No problems found.
      "
    `)
  })
})

/** Each breaks one thing of a host on which all else is well. */
const BROKEN: Readonly<Record<string, (host: TestHost) => unknown>> = {
  "Node.js is too old": (host) => (host.world.nodeVersion = "v20.9.0"),
  "a file is where the cache folder would be": (host) => {
    writeFileSync(join(host.folder, "cache"), "")
  },
  "Docker's daemon is not running": (host) =>
    host.program("docker", 'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock." >&2; exit 1'),
  "Docker's daemon hangs": (host) => {
    host.world.patience = 500
    host.program("docker", "exec /bin/sleep 60")
  },
  "Docker's socket is closed to this user": (host) =>
    host.program("docker", 'echo "permission denied while trying to connect to the docker API" >&2; exit 1'),
  "podman is beside a Docker client without a daemon": (host) => {
    host.program("docker", 'echo "Cannot connect to the Docker daemon." >&2; exit 1')
    host.program("podman", "echo 5.4.2")
  },
  "Docker runs, and the kernel has no rule for arm64": (host) => {
    host.docker()
    rmSync(join(host.root, "proc/sys/fs/binfmt_misc/qemu-aarch64"))
  },
  "the kernel's QEMU is old": (host) => {
    host.docker()
    host.program(join(host.root, "usr/bin/qemu-aarch64-static"), 'echo "qemu-aarch64 version 7.1.0"')
  },
  "the kernel's rule is disabled": (host) => {
    host.docker()
    host.file("proc/sys/fs/binfmt_misc/qemu-aarch64", binfmtRule({ state: "disabled" }))
  },
  "the kernel's rule does not work in containers": (host) => {
    host.docker()
    host.file("proc/sys/fs/binfmt_misc/qemu-aarch64", binfmtRule({ flags: "PO" }))
  },
  "the kernel has no overlay file system": (host) => {
    host.file("proc/filesystems", "nodev\tproc\nnodev\tbinfmt_misc\n")
    refresh(host)
  },
  "the kernel refuses namespaces": (host) =>
    host.program("unshare", 'echo "unshare: unshare failed: Operation not permitted" >&2; exit 1'),
  "the state folder is on another overlay": (host) =>
    host.file(
      "proc/self/mountinfo",
      "22 1 0:50 / / rw - overlay overlay rw\n23 22 8:1 / /etc/hosts rw - ext4 /dev/vda rw\n",
    ),
  "neither Docker nor a system for the bare engine is there": (host) => {
    host.file("etc/os-release", 'ID=fedora\nPRETTY_NAME="Fedora Linux 42"\n')
    refresh(host)
  },
  "a proxy listens on the loopback, which the bare engine cannot reach": (host) => {
    host.world.facts = { ...host.world.facts, proxies: { http_proxy: "http://127.0.0.1:3128" } }
  },
  "another program has the registry's port": async (host) => {
    const server = createServer().listen(Number(host.world.env["RUNNER_IMAGES_REGISTRY_PORT"]), "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => void server.close())
  },
  "the registry's port is none": (host) => {
    host.env({ RUNNER_IMAGES_REGISTRY_PORT: "5000x" })
  },
  "the engine that the environment names does not answer": (host) => {
    host.env({ _EXPERIMENTAL_DAGGER_RUNNER_HOST: `unix://${host.folder}/engine.sock` })
  },
  "the engine that the environment names is another version's": (host) => {
    host.env({ _EXPERIMENTAL_DAGGER_RUNNER_HOST: "docker-container://dagger-engine-v0.18.3" })
  },
  "the Dagger CLI that the environment names is another version's": async (host) => {
    const url = await host.serve(() => undefined)
    const cli = host.program("dagger", 'echo "dagger v0.18.3 (registry.dagger.io/engine) linux/amd64"')
    host.env({
      _EXPERIMENTAL_DAGGER_RUNNER_HOST: url.replace("http", "tcp"),
      _EXPERIMENTAL_DAGGER_CLI_BIN: cli,
    })
  },
  "the bare engine's record is damaged": (host) => {
    const record = join(host.folder, "cache/runner-images/engine/instances/default/record.json")
    mkdirSync(dirname(record), { recursive: true })
    writeFileSync(record, "{")
  },
  "the bundle of certificate authorities is none": (host) => {
    const fault = new RunnerImagesError(
      "USAGE",
      "SSL_CERT_FILE: /ca.pem contains no PEM certificate.",
      "Give a bundle in PEM format.",
    )
    host.world.trust = { fault }
  },
  "the disk is full": (host) => (host.world.freeBytes = () => 0.1e9),
  "the disk is nearly full": (host) => (host.world.freeBytes = () => 1.2e9),
  "the machine has little memory": (host) => host.file("proc/meminfo", "MemTotal:       2000000 kB\n"),
  "the control group has little memory": (host) => host.file("sys/fs/cgroup/memory.max", "1073741824\n"),
  "the clock is three hours behind": async (host) => {
    const server = await host.serve((_, response) => {
      response.setHeader("Date", new Date(Date.now() + 3 * 3600e3).toUTCString()).end("[]")
    })
    servers(host, server)
  },
  "the clock is two minutes ahead, by answers of caches too": async (host) => {
    const server = await host.serve((_, response) => {
      response
        .setHeader("Date", new Date(Date.now() - 620e3).toUTCString())
        .setHeader("Age", "500")
        .end("[]")
    })
    servers(host, server)
  },
  "no name can be resolved": (host) => {
    servers(host, "http://nowhere.invalid")
  },
  "the package archive has no such suite": async (host) => {
    const server = await host.serve((_, response) => response.writeHead(404).end())
    host.program("apt-get", `echo "${server}/debian trixie main x"; echo "${server}/debian trixie-security main x"`)
  },
  "the registries are down": async (host) => {
    const server = await host.serve((_, response) => response.writeHead(503).end())
    host.program("npm", `echo "${server}/"`)
  },
  "a proxy wants a password": async (host) => {
    const server = await host.serve((_, response) => response.writeHead(407).end())
    host.env({ http_proxy: server.replace("//", "//user:wrong-password@"), no_proxy: "" })
  },
  "Docker's configuration names a helper that is not there": (host) =>
    dockerConfig(host, { credsStore: "desktop", credHelpers: { "registry.example.com": "cloud" } }),
  "Docker's configuration is not JSON": (host) => dockerConfig(host, "{auths: secret}"),
  "Docker's configuration is open to all": (host) =>
    dockerConfig(host, { auths: { "registry.example.com": { auth: "dTpw" } } }, 0o644),
  "the registry's password cannot be read": (host) => {
    host.env({ RUNNER_IMAGES_REGISTRY_PASSWORD_FILE: join(host.folder, "none") })
  },
  "the pinned runner is old": async (host) => {
    const release = {
      tag_name: "v2.340.0",
      draft: false,
      prerelease: false,
      published_at: "2026-10-01T00:00:00Z",
      assets: [],
    }
    host.world.mirror = parseMirror(await host.serve((_, response) => response.end(JSON.stringify([release]))))
  },
  "the catalog pins what has a known vulnerability": (host) => (host.world.pins = host.file("pins.yaml", PINS_TEXT)),
  "the catalog is not valid": (host) => (host.world.pins = host.file("pins.yaml", "runner: 1\n")),
  "GitHub hangs": async (host) => {
    host.world.patience = 1000
    host.world.mirror = parseMirror(await host.serve(() => undefined))
  },
}

describe("a host on which", () => {
  it.each(Object.entries(BROKEN))("%s", async (_name, breakIt) => {
    const host = await TestHost.make()
    await breakIt(host)
    expect(await host.faults()).toMatchSnapshot()
  })
})

/** The facts are read from files that have changed. */
function refresh(host: TestHost): void {
  const { root, facts } = host.world
  const { system, nodeArch, userId } = facts
  host.world.facts = { ...hostFacts({}, root), system, nodeArch, userId }
}

/** All servers are this one. */
function servers(host: TestHost, url: string): void {
  host.program("apt-get", `echo "${url}/debian trixie main x"; echo "${url}/security trixie-security main x"`)
  host.program("npm", `echo "${url}/npm/"`)
  host.program("go", `case "$1" in version) echo "go version go1.26.8 linux/amd64" ;; *) echo "${url}/go" ;; esac`)
  host.world.mirror = parseMirror(url)
}

function dockerConfig(host: TestHost, config: object | string, mode = 0o600): void {
  const path = join(host.home, ".docker/config.json")
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof config === "string" ? config : JSON.stringify(config))
  chmodSync(path, mode)
}
