import { mkdtempSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { stringify } from "yaml"
import { z } from "zod"
import type { Answer, DockerDaemon } from "./docker-daemon.js"

const SECOND = 1000

const stateSchema = z.object({
  Status: z.string(),
  ExitCode: z.number(),
  Health: z.object({ Status: z.string() }).optional(),
})

/** A container as Docker reports it. */
export interface ContainerState {
  readonly status: string
  readonly exitCode: number
  /** Nothing where it has no health check. */
  readonly health: string | undefined
}

/** A compose file, what the test environment adds to it, and its user's settings. */
export interface ComposeFiles {
  /** A file as it is, by its path, or its content. */
  readonly file: string | object
  readonly override: object
  /** What a user writes to `.env`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** `docker compose` with one project, as a user has it. */
export class ComposeProject {
  readonly #daemon: DockerDaemon
  readonly #words: readonly string[]

  constructor(daemon: DockerDaemon, { file, override, settings = {} }: ComposeFiles) {
    this.#daemon = daemon
    const folder = mkdtempSync(join(daemon.folder, "project-"))
    const write = (name: string, content: object): string => {
      const path = join(folder, name)
      writeFileSync(path, stringify(content))
      return path
    }
    const environment = join(folder, ".env")
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(environment, lines.join(""))
    this.#words = [
      ...["compose", "--env-file", environment],
      ...["--file", typeof file === "string" ? file : write("compose.yml", file)],
      ...["--file", write("override.yml", override)],
    ]
  }

  async compose(...words: string[]): Promise<Answer> {
    return await this.#daemon.docker(...this.#words, ...words)
  }

  async done(...words: string[]): Promise<string> {
    return await this.#daemon.done(...this.#words, ...words)
  }

  async up(...words: string[]): Promise<void> {
    await this.done("up", "--detach", "--pull", "never", ...words)
  }

  async containers(): Promise<string[]> {
    return (await this.done("ps", "--all", "--quiet")).split("\n").filter((id) => id !== "")
  }

  /** The only container. */
  async container(): Promise<string> {
    const [container, other] = await this.containers()
    if (container === undefined || other !== undefined) throw new Error("not one container")
    return container
  }

  async state(container: string): Promise<ContainerState> {
    const text = await this.#daemon.done("inspect", "--format", "{{json .State}}", container)
    const { Status: status, ExitCode: exitCode, Health: health } = stateSchema.parse(JSON.parse(text))
    return { status, exitCode, health: health?.Status }
  }

  async logs(): Promise<string> {
    const { stdout, stderr } = await this.compose("logs", "--no-color", "--no-log-prefix")
    return stdout + stderr
  }

  /**
   * Waits until something holds.
   *
   * @throws {Error} with what the containers said, when it does not after so many seconds
   */
  async until(what: string, condition: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
    for (const end = performance.now() + seconds * SECOND; !(await condition());) {
      if (performance.now() > end) throw new Error(`${what}: not after ${String(seconds)} s\n${await this.logs()}`)
      await sleep(300)
    }
  }

  /** The same while the only container runs; its end is a failure, and says why. */
  async untilRunning(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const container = await this.container()
    await this.until(what, async () => {
      if (await condition()) return true
      const { status, exitCode } = await this.state(container)
      if (status === "exited") throw new Error(`the container ended with ${String(exitCode)}\n${await this.logs()}`)
      return false
    })
  }

  /** Waits for the container's end. */
  async ended(container: string, seconds = 60): Promise<ContainerState> {
    let state = await this.state(container)
    const isOver = async (): Promise<boolean> => (state = await this.state(container)).status === "exited"
    await this.until("it has ended", isOver, seconds)
    return state
  }

  async down(): Promise<void> {
    await this.compose("kill")
    await this.compose("down", "--volumes", "--timeout", "1")
  }
}
