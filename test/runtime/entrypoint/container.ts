import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { PLATFORMS, spelling } from "../../../dagger/src/core/platforms.js"
import { actRunnerProgram, layOutRunner } from "../act-runner/program.js"
import { imageNode } from "../image-node.js"
import { until } from "../runner/runner-folder.js"

const DOCKER = fileURLToPath(new URL("../../../docker", import.meta.url))

const TINI = existsSync("/usr/bin/tini")
const FOUND = imageNode()

/** What the image has, and a machine for development may lack. */
export const STARTS = TINI && FOUND !== undefined
export const STARTS_NOT = TINI
  ? "the image's Node.js could not be had"
  : "tini is not installed at /usr/bin/tini: apt-get install tini"

/** The image's Node.js. */
const NODE = FOUND ?? process.execPath

/** The image's user, and the broker's. */
export const USER = 1001
export const AGENT = 1002

/** What a container that ran to its end said. */
export interface Ended {
  readonly exitCode: number | null
  readonly output: string
}

/** The runner's program, and the script by which the pipeline lists the checksums of its files. */
const RUNNER = STARTS ? await actRunnerProgram() : ""
const MANIFEST = fileURLToPath(new URL("../../../dagger/scripts/runner-manifest.sh", import.meta.url))

/** The image's files for one test: the real bundle, the real entrypoint and the real act runner, in folders of their own on this machine. */
export class Image {
  readonly folder: string

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "runner-image-"))
    chmodSync(this.folder, 0o755)
  }

  static create(): Image {
    const image = new Image()
    const { folder } = image
    for (const name of [
      "library",
      "root/run",
      "root/tmp",
      "root/var/tmp",
      "root/dev/shm",
      "hooks/started.d",
      "hooks/completed.d",
      "work",
    ])
      mkdirSync(join(folder, name), { recursive: true })
    for (const name of ["root/tmp", "root/var/tmp", "root/dev/shm"]) chmodSync(join(folder, name), 0o1777)
    execFileSync(process.execPath, [join(DOCKER, "runtime/bundle.mjs"), join(folder, "library")])
    cpSync(join(DOCKER, "runtime/hooks"), join(folder, "library/hooks"), { recursive: true })
    layOutRunner(RUNNER, join(folder, "home"))
    copyFileSync(interpreterOf(NODE), join(folder, "library/loader"))
    chmodSync(join(folder, "library/loader"), 0o711)
    const sums = execFileSync("sh", [MANIFEST], { cwd: join(folder, "home") })
    writeFileSync(join(folder, "library/runner.sha256"), sums)
    mkdirSync(join(folder, "root/etc"))
    writeFileSync(
      join(folder, "root/etc/passwd"),
      `root:x:0:0:root:/root:/bin/bash\nrunner-agent:x:${AGENT}:${AGENT}::/nonexistent:/usr/sbin/nologin\n`,
    )
    mkdirSync(join(folder, "root/var/lib"))
    mkdirSync(join(folder, "root/var/lib/runner-broker"), { mode: 0o700 })
    const labels = PLATFORMS.map((platform) => spelling(platform).vendor)
    writeFileSync(join(folder, "library/architecture-labels.json"), JSON.stringify(labels))
    const facts = {
      variant: "standard",
      version: "0.1.0",
      platform: PLATFORMS[0],
      base: "debian:trixie-slim",
      runner: { kind: "act", version: "0.13.0-act" },
      architectureLabel: labels[0],
      tools: { node: "24.21.0" },
    }
    writeFileSync(join(folder, "library/image.json"), JSON.stringify(facts))
    if (process.getuid?.() === 0) {
      for (const name of ["home", "work"]) chownSync(join(folder, name), USER, USER)
      chownSync(join(folder, "root/var/lib/runner-broker"), AGENT, AGENT)
    }
    return image
  }

  /** A configuration file of the runner is there. */
  has(file: string): boolean {
    return existsSync(join(this.folder, "home", file))
  }

  /** Files of the image that have the text in them. */
  filesWith(text: string): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => readFileSync(path).includes(text))
      .map((path) => path.replace(this.folder, ""))
  }

  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      PATH: process.env.PATH ?? "",
      HOME: "/",
      RUNNER_IMAGES_LIBRARY: join(this.folder, "library"),
      RUNNER_IMAGES_HOME: join(this.folder, "home"),
      RUNNER_IMAGES_HOOKS: join(this.folder, "hooks"),
      RUNNER_IMAGES_ROOT: join(this.folder, "root"),
      RUNNER_IMAGES_NODE: NODE,
      RUNNER_WORKDIR: join(this.folder, "work"),
      METRICS_ENABLED: "false",
      ACT_RUNNER_SECONDS: "retry=0.2,configure=0.2,conflict=1,renew=0.3",
      ...more,
    }
  }

  /** Runs the entrypoint to its end. */
  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}, as: readonly string[] = []): Ended {
    const [command = "", ...rest] = [...as, join(DOCKER, "runtime/entrypoint.sh"), ...args]
    const { status, stdout, stderr } = spawnSync(command, rest, {
      env: this.environment(environment),
      encoding: "utf8",
    })
    return { exitCode: status, output: stdout + stderr }
  }

  /** @param as programs that change who runs the entrypoint, like setpriv */
  start(
    environment: Readonly<Record<string, string>>,
    { args = [], as = [] }: { args?: string[]; as?: string[] } = {},
  ): Container {
    const [command = "", ...rest] = [...as, join(DOCKER, "runtime/entrypoint.sh"), ...args]
    const child = spawn(command, rest, {
      env: this.environment(environment),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    })
    return new Container(child, this)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The dynamic loader that a program names (PT_INTERP), by elf(5) of 64 bits. */
function interpreterOf(program: string): string {
  const file = readFileSync(program)
  const headers = Number(file.readBigUInt64LE(0x20))
  const [size, count] = [file.readUInt16LE(0x36), file.readUInt16LE(0x38)]
  const header = Array.from({ length: count }, (_, index) => headers + index * size).find(
    (offset) => file.readUInt32LE(offset) === 3,
  )
  if (header === undefined) throw new Error(`${program} names no loader`)
  const start = Number(file.readBigUInt64LE(header + 8))
  return file.toString("latin1", start, start + Number(file.readBigUInt64LE(header + 32)) - 1)
}

/** A started entrypoint, with all that it started. */
export class Container {
  output = ""
  readonly #ended: Promise<number | null>
  #over = false

  constructor(
    private readonly child: ChildProcess,
    private readonly image: Image,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString("utf8")))
    this.#ended = new Promise((resolve) => child.once("close", (code) => resolve(code)))
    void this.#ended.then(() => (this.#over = true))
  }

  /** Of the init process. */
  get pid(): number {
    return this.child.pid ?? 0
  }

  /** Waits for a line in the output. */
  async says(text: string): Promise<void> {
    await until(() => this.output.includes(text) || this.#over).catch(() => undefined)
    if (!this.output.includes(text)) throw new Error(`it did not say "${text}", but:\n${this.output}`)
  }

  /** As `docker kill --signal` does: to the init process. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** The exit code. */
  async ended(): Promise<number | null> {
    return await this.#ended
  }

  /** Everything at once, as when the machine fails or Docker's timeout ends. */
  async kill(): Promise<void> {
    for (const pid of [...this.processes()].reverse()) signal(pid)
    await this.#ended
  }

  /** Its processes that live, the init process first. */
  processes(): number[] {
    const found = [this.pid]
    // Parents have come before their children by then, since they were started before.
    for (const parent of found) found.push(...childrenOf(parent))
    return found.filter((pid) => existsSync(`/proc/${pid}`))
  }

  /** Command lines of all of them, an argument after the other. */
  commandLines(): string[] {
    return this.processes().map((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " "))
  }

  /** Processes whose environment has the text in it. */
  showing(text: string): string[] {
    return this.processes()
      .filter((pid) => read(`/proc/${pid}/environ`).includes(text))
      .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim())
  }

  /** Processes whose command line has the text in it. */
  running(text: string): number[] {
    return this.processes().filter((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").includes(text))
  }

  /** The groups of the program. */
  groups(): number[] {
    const [program = 0] = this.running("runtime.mjs").filter(
      (pid) => !read(`/proc/${pid}/cmdline`).startsWith("/usr/bin/tini"),
    )
    const [, groups = ""] = /^Groups:\s*(.*)$/m.exec(read(`/proc/${program}/status`)) ?? []
    return groups.trim().split(" ").map(Number)
  }

  /** Processes that ended, and that nobody asks about. */
  zombies(): number[] {
    return this.processes().filter((pid) => read(`/proc/${pid}/stat`).includes(") Z "))
  }

  /** What the image's health check says. */
  health(): string {
    const { exitCode, output } = this.image.run(["health"])
    return `${String(exitCode)} ${output.trim()}`
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => read(`/proc/${name}/stat`).split(") ").at(-1)?.split(" ")[1] === String(parent))
    .map(Number)
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // Ended meanwhile.
  }
}
