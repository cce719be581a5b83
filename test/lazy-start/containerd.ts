import { execa } from "execa"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { removeAtExit } from "../lifecycle/leftovers.js"
import { Lines } from "../lifecycle/lines.js"

/** Debian's containerd, and its client that pulls lazily. They are unpacked, not installed: an installation would start a service. */
const PACKAGES = ["containerd", "stargz-snapshotter"]

const SNAPSHOTTER = join(import.meta.dirname, "snapshotter")

type Process = ReturnType<typeof launch>

function launch(program: string, words: readonly string[], path: string) {
  return execa(program, words, {
    reject: false,
    buffer: false,
    stdin: "ignore",
    env: { PATH: `${path}:${process.env.PATH ?? ""}` },
  })
}

/** A containerd with the stargz snapshotter, in a folder of its own. It takes root, Go and apt. */
export class Containerd {
  readonly #folder = mkdtempSync(join(tmpdir(), "runner-images-lazy-start-"))
  readonly #forget = removeAtExit(this.#folder)
  readonly #processes: Process[] = []
  readonly #snapshotter = new Lines()

  /** Unpacks, compiles and starts everything. */
  async start(): Promise<void> {
    const file = (name: string): string => join(this.#folder, name)
    mkdirSync(file("debs"))
    await execa("apt-get", ["download", ...PACKAGES], { cwd: file("debs") })
    for (const name of readdirSync(file("debs"))) await execa("dpkg", ["-x", join(file("debs"), name), file("tools")])
    await execa("go", ["build", "-trimpath", "-o", file("snapshotter"), "."], { cwd: SNAPSHOTTER })
    writeFileSync(
      file("config.toml"),
      `version = 2
root = "${file("root")}"
state = "${file("state")}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${file("containerd.sock")}"
[proxy_plugins.stargz]
type = "snapshot"
address = "${file("snapshotter.sock")}"
`,
    )
    const snapshotter = this.#launch(file("snapshotter"), [file("snapshotter.sock"), file("stargz")])
    this.#snapshotter.read("stderr", snapshotter.stderr)
    await this.#until(file("snapshotter.sock"))
    const containerd = this.#launch(join(this.#programs, "containerd"), ["--config", file("config.toml")])
    containerd.stderr.resume()
    await this.#until(file("containerd.sock"))
  }

  /** Pulls an image lazily: its documents, and of its layers only what must be there before a container starts. */
  async pull(reference: string): Promise<void> {
    await this.#client("image", "rpull", "--plain-http", reference)
  }

  /** Starts a container with the host's network. */
  run(reference: string, environment: Readonly<Record<string, string>>): { lines: Lines; end: () => Promise<void> } {
    const lines = new Lines()
    const variables = Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`])
    const words = ["run", "--rm", "--snapshotter", "stargz", "--net-host", ...variables, reference, "lazy"]
    const client = this.#launch(join(this.#programs, "ctr-remote"), [...this.#address, ...words])
    lines.read("stdout", client.stdout)
    lines.read("stderr", client.stderr)
    void client.then(() => lines.end())
    const end = async (): Promise<void> => {
      await this.#client("task", "kill", "--signal", "SIGKILL", "lazy")
      await client
    }
    return { lines, end }
  }

  /** Which files were opened, and which links followed, in the order of their first use. */
  get accessed(): string[] {
    const paths = this.#snapshotter.all.flatMap(({ text }) => /msg="file accessed: ([^"]+)"/.exec(text)?.[1] ?? [])
    return [...new Set(paths)]
  }

  /** What the snapshotter said last, for who looks into a failure. */
  logs(): string {
    return this.#snapshotter.last()
  }

  async close(): Promise<void> {
    for (const each of this.#processes.reverse()) {
      each.kill("SIGTERM")
      await Promise.race([each, sleep(5_000)])
      each.kill("SIGKILL")
    }
    const mounts = readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .flatMap((line) => line.split(" ")[1] ?? [])
      .filter((path) => path.startsWith(this.#folder))
    for (const path of mounts.reverse()) await execa("umount", ["--lazy", path], { reject: false })
    rmSync(this.#folder, { recursive: true, force: true })
    this.#forget()
  }

  get #programs(): string {
    return join(this.#folder, "tools/usr/bin")
  }

  get #address(): string[] {
    return ["--address", join(this.#folder, "containerd.sock")]
  }

  #launch(program: string, words: readonly string[]): Process {
    const started = launch(program, words, this.#programs)
    this.#processes.push(started)
    return started
  }

  async #client(...words: string[]): Promise<void> {
    await execa(join(this.#programs, "ctr-remote"), [...this.#address, ...words])
  }

  async #until(socket: string): Promise<void> {
    const end = performance.now() + 30_000
    while (!existsSync(socket)) {
      if (performance.now() > end) throw new Error(`${socket} is not there\n${this.logs()}`)
      await sleep(50)
    }
  }
}
