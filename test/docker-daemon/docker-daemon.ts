import { execa } from "execa"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { undoAtExit } from "../lifecycle/leftovers.js"
import { removeControlGroup } from "./control-groups.js"
import { unpackDebianPackages } from "./debian-packages.js"

const MACHINE = fileURLToPath(new URL("machine.sh", import.meta.url))

/** Addresses that lead to the daemon's machine, seen from every container. */
const ADDRESSES = "10.77.0"

/** Where the image has the plugin that `docker compose` is. */
const COMPOSE = "/usr/libexec/docker/cli-plugins/docker-compose"

const SECOND = 1000

/** Starts `machine.sh`. It ends with this process, however that ends. */
function startMachine(words: readonly string[], env: Record<string, string>) {
  const unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
  const options = { env, all: true, reject: false, stdin: "ignore" } as const
  return execa("setpriv", ["--pdeathsig", "KILL", ...unshare, MACHINE, ...words], options)
}

/** What a program said, and how it ended. */
export interface Answer {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** The distribution's Docker daemon, in a machine of its own (`machine.sh`): the host has no bridge, firewall rule or socket of it. */
export class DockerDaemon {
  /** For files that containers mount: the daemon sees it by the same path. */
  readonly folder = mkdtempSync(join(tmpdir(), "runner-images-docker-"))
  readonly #cgroup = basename(this.folder)
  readonly #forget: () => void
  #machine: ReturnType<typeof startMachine> | undefined
  #environment: Record<string, string> = {}
  #address = 1

  private constructor() {
    this.#forget = undoAtExit(() => {
      this.#kill()
      this.#removeFiles()
    })
  }

  /** @throws {Error} with the reason, where it cannot be started */
  static async start(): Promise<DockerDaemon> {
    const daemon = new DockerDaemon()
    try {
      await daemon.#start()
      return daemon
    } catch (error) {
      await daemon.close()
      throw error
    }
  }

  async #start(): Promise<void> {
    if (process.getuid?.() !== 0) throw new Error("a Docker daemon takes root")
    const programs = await unpackDebianPackages(join(this.folder, "packages"), ["docker.io", "containerd", "runc"])
    this.#environment = {
      PATH: [...programs, process.env.PATH].join(":"),
      DOCKER_HOST: `unix://${this.socket}`,
      DOCKER_CONFIG: join(this.folder, "client"),
    }
    const machine = startMachine([this.folder, `${ADDRESSES}.1/24`, `/${this.#cgroup}`], this.#environment)
    this.#machine = machine
    const ended = machine.then(({ all }) => {
      throw new Error(`the Docker daemon ended at once: ${all.trim().split("\n").slice(-3).join("; ")}`)
    })
    ended.catch(() => undefined)
    await Promise.race([this.#untilReady(), ended])
  }

  async #untilReady(): Promise<void> {
    for (const end = performance.now() + 60 * SECOND; performance.now() < end;) {
      if ((await this.docker("version")).exitCode === 0) return
      await sleep(200)
    }
    throw new Error("the Docker daemon does not answer")
  }

  get socket(): string {
    return join(this.folder, "docker.sock")
  }

  /** A process of the machine, by the host's number: for `nsenter`. */
  get pid(): number {
    const pid = this.#machine?.pid ?? 0
    const child = Number(readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8").trim())
    if (child === 0) throw new Error("the Docker daemon's machine is not there")
    return child
  }

  /** A further address of the machine. */
  address(): string {
    return `${ADDRESSES}.${String(++this.#address)}`
  }

  /** Runs the Docker client. */
  async docker(...words: string[]): Promise<Answer> {
    const { exitCode, stdout, stderr } = await execa("docker", words, {
      env: this.#environment,
      // Nothing from whoever runs the tests may name an image or a token.
      extendEnv: false,
      reject: false,
      stdin: "ignore",
    })
    return { exitCode, stdout, stderr }
  }

  /** The same, for what has to succeed. */
  async done(...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.docker(...words)
    if (exitCode !== 0)
      throw new Error(`docker ${words.join(" ")} ended with ${String(exitCode)}\n${stdout}\n${stderr}`)
    return stdout.trim()
  }

  /** Brings this machine's platform of an OCI layout in, by a name like `test/standard`. */
  async load(layout: string, name: string): Promise<void> {
    const target = ["--dest-daemon-host", `unix://${this.socket}`, `docker-daemon:${name}:latest`]
    await execa("skopeo", ["copy", "--quiet", `oci:${layout}:latest`, ...target])
  }

  /** Takes Docker Compose out of an image: it is what jobs have as well. */
  async installCompose(image: string): Promise<void> {
    const plugins = join(this.folder, "client", "cli-plugins")
    await mkdir(plugins, { recursive: true })
    const container = await this.done("create", "--pull", "never", image)
    await this.done("cp", `${container}:${COMPOSE}`, join(plugins, "docker-compose"))
    await this.done("rm", container)
  }

  /** Ends every container, then the daemon. */
  async close(): Promise<void> {
    if (this.#machine) {
      const { stdout } = await this.docker("ps", "--all", "--quiet")
      const containers = stdout.split("\n").filter((id) => id !== "")
      if (containers.length > 0) await this.docker("rm", "--force", "--volumes", ...containers)
      // Whatever runs in the machine ends with its first process. Nothing that the daemon would still write down is needed.
      this.#kill()
      await this.#machine
    }
    this.#removeFiles()
    this.#forget()
  }

  #kill(): void {
    try {
      process.kill(this.pid, "SIGKILL")
    } catch {
      // It has not come so far, or is gone.
      this.#machine?.kill("SIGKILL")
    }
  }

  #removeFiles(): void {
    removeControlGroup(this.#cgroup)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
