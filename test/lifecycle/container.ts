import { execa } from "execa"
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { containerProcesses, killChildren, type ContainerProcess } from "./container-processes.js"
import { undoAtExit } from "./leftovers.js"
import { Lines } from "./lines.js"
import type { UnpackedImage } from "./oci-image.js"
import { type ContainerOptions, resolveUser, runtimeSpec, type User } from "./runtime-spec.js"

/** How a container ended. */
export interface ContainerEnd {
  readonly exitCode: number
  /** Milliseconds, monotonic. */
  readonly at: number
}

/** How a command in a container ended. */
export interface ExecEnd {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface ExecOptions {
  readonly user?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Milliseconds; then it is killed, and ends with 137. */
  readonly timeout?: number
}

/** A mount namespace of its own for the overlay: with its last process the mount is gone, whatever happened to this one. */
const RUN = `mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4" && exec runc --root "$5" run --bundle "$6" "$7"`

function launch(words: readonly string[]) {
  const options = { reject: false, buffer: false, stdin: "ignore" } as const
  return execa("unshare", ["--mount", "--propagation", "private", "sh", "-c", RUN, "sh", ...words], options)
}

type Process = ReturnType<typeof launch>

let count = 0

/**
 * A container of runc, on files of its own above an image's. It can be started again on the same files, as with `docker start`: what was in
 * memory is gone then, what was written is not.
 */
export class Container {
  /** Different in every test run of this host. */
  readonly id = `ri-${process.pid}-${++count}`
  readonly image: UnpackedImage
  readonly options: ContainerOptions
  readonly user: User
  readonly #folder: string
  #lines = new Lines()
  #process: Process | undefined
  #ended: Promise<ContainerEnd> | undefined
  #startedAt = 0
  #forget: () => void = () => undefined

  /** @param folder for this container alone; it makes it */
  constructor(image: UnpackedImage, options: ContainerOptions, folder: string) {
    this.image = image
    this.options = options
    this.#folder = folder
    this.user = resolveUser(options.user ?? image.user, {
      passwd: readFileSync(join(image.rootfs, "etc/passwd"), "utf8"),
      group: readFileSync(join(image.rootfs, "etc/group"), "utf8"),
    })
    for (const name of ["upper", "work", "root", "runc", "etc"]) mkdirSync(join(folder, name), { recursive: true })
    // The upper folder becomes the container's root, which all may look into.
    chmodSync(join(folder, "upper"), 0o755)
  }

  /** What it has written since its latest start. */
  get lines(): Lines {
    return this.#lines
  }

  /** When it was started last. Milliseconds, monotonic. */
  get startedAt(): number {
    return this.#startedAt
  }

  /** Where the host sees a file that the container has written; the image's files are not there. */
  written(path: string): string {
    return join(this.#folder, "upper", path)
  }

  get #hostname(): string {
    return this.options.hostname ?? this.id
  }

  /** Starts it. What it is to say is waited for with `lines`. */
  start(): void {
    const path = (name: string): string => join(this.#folder, name)
    const files = { id: this.id, root: path("root"), etc: this.#writeEtc() }
    writeFileSync(path("config.json"), JSON.stringify(runtimeSpec(this.image, this.user, files, this.options)))
    const words = [this.image.rootfs, path("upper"), path("work"), path("root"), path("runc"), this.#folder, this.id]
    this.#lines = new Lines()
    this.#startedAt = performance.now()
    this.#forget = undoAtExit(() => this.#killAtOnce())
    const started = launch(words)
    this.#process = started
    this.#lines.read("stdout", started.stdout)
    this.#lines.read("stderr", started.stderr)
    this.#ended = this.#watch(started)
  }

  async #watch(started: Process): Promise<ContainerEnd> {
    const { exitCode = 255 } = await started
    const at = performance.now()
    // Lines that were read with the end of the output.
    await sleep(0)
    this.#lines.end()
    this.#forget()
    return { exitCode, at }
  }

  #writeEtc(): Record<string, string> {
    const hosts = ["127.0.0.1 localhost", "::1 localhost", `127.0.1.1 ${this.#hostname}`, ...(this.options.hosts ?? [])]
    const texts = { hostname: this.#hostname, hosts: hosts.join("\n"), "resolv.conf": "nameserver 127.0.0.1" }
    return Object.fromEntries(
      Object.entries(texts).map(([name, text]) => {
        const path = join(this.#folder, "etc", name)
        writeFileSync(path, `${text}\n`)
        return [`/etc/${name}`, path]
      }),
    )
  }

  /**
   * Waits for its end.
   *
   * @throws {Error} with its last lines, when it lives on after so many milliseconds
   */
  async ended(milliseconds: number): Promise<ContainerEnd> {
    if (!this.#ended) throw new Error("the container was not started")
    const timer = new AbortController()
    const late = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => undefined)
    const end = await Promise.race([this.#ended, late.catch(() => undefined)])
    timer.abort()
    if (end) return end
    throw new Error(`the container lives on after ${milliseconds} ms\n${this.#lines.last()}`)
  }

  /** Sends a signal to the container's first process, as engines do. */
  async kill(signal: string): Promise<void> {
    await this.#runc("kill", this.id, signal)
  }

  /** Runs a command in it, as `docker exec`, with the container's user and environment unless told otherwise. */
  async exec(command: readonly string[], { user, environment = {}, timeout }: ExecOptions = {}): Promise<ExecEnd> {
    const words = [
      ...(user === undefined ? [] : ["--user", user]),
      ...Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
      this.id,
      ...command,
    ]
    const ended = await execa("runc", ["--root", join(this.#folder, "runc"), "exec", ...words], {
      reject: false,
      stdin: "ignore",
      killSignal: "SIGKILL",
      ...(timeout !== undefined && { timeout }),
    })
    return { exitCode: ended.exitCode ?? 137, stdout: ended.stdout, stderr: ended.stderr }
  }

  /** Its processes as the host sees them, which may look into all of them. */
  async processes(): Promise<ContainerProcess[]> {
    const { stdout } = await this.#runc("state", this.id)
    const { pid } = JSON.parse(stdout) as { pid: number }
    return containerProcesses(pid)
  }

  /** Ends it, if it lives, and removes its files. */
  async remove(): Promise<void> {
    if (this.#process && this.#process.exitCode === null) {
      await this.#runc("kill", this.id, "KILL").catch(() => undefined)
      await this.ended(10_000).catch(() => this.#process?.kill("SIGKILL"))
    }
    await this.#runc("delete", "--force", this.id).catch(() => undefined)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #killAtOnce(): void {
    if (this.#process?.pid !== undefined) killChildren(this.#process.pid)
  }

  async #runc(...words: string[]): Promise<{ stdout: string }> {
    return await execa("runc", ["--root", join(this.#folder, "runc"), ...words])
  }
}
