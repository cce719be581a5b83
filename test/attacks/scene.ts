import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { jitConfiguration } from "../lifecycle/cases/registration.js"
import type { Container } from "../lifecycle/container.js"
import { LISTENING, type TestEnvironment, type TestGitHub } from "../lifecycle/test-environment.js"
import { type Find, findIn, type Needle, searchFolder } from "./needles.js"
import type { Start, Way } from "./ways.js"

/** The runner of the attacked container, and one that only the list has. */
const OWN = "attacked"
const FOREIGN = "foreign"

/** What a hostile program wrote of an attack. */
export interface Told {
  readonly attack: string
  readonly round: number
  readonly tried: Readonly<Record<string, number>>
  readonly opened: readonly string[]
  readonly full: boolean
}

/** What came of an attack. */
export interface Outcome {
  /** How often it tried what, over all its rounds. */
  readonly tried: Record<string, number>
  /** Secrets that it came by, and what else is a success. */
  readonly finds: Find[]
  /** Names of other runners that are no longer on GitHub's list. */
  readonly foreignRemoved: string[]
}

/** One attacked container, with its GitHub and, where it has one, its broker. */
export class Scene {
  readonly testEnv: TestEnvironment
  readonly way: Way
  readonly github: TestGitHub
  readonly container: Container
  readonly loot: string
  readonly ports: readonly number[]
  readonly outcome: Outcome = { tried: {}, finds: [], foreignRemoved: [] }
  readonly #start: Start
  readonly #foreign: number

  private constructor(
    testEnv: TestEnvironment,
    way: Way,
    parts: { github: TestGitHub; container: Container; loot: string; start: Start; foreign: number; ports: number[] },
  ) {
    this.testEnv = testEnv
    this.way = way
    this.github = parts.github
    this.container = parts.container
    this.loot = parts.loot
    this.ports = parts.ports
    this.#start = parts.start
    this.#foreign = parts.foreign
  }

  /** Starts a container in a way, and waits until it listens. */
  static async open(testEnv: TestEnvironment, way: Way, program: string, memory?: number): Promise<Scene> {
    const github = await testEnv.github()
    await jitConfiguration(github, FOREIGN)
    const foreign = github.only.id
    const loot = await testEnv.folder(0o1777)
    const start = await way.start(testEnv, github)
    const container = await testEnv.container({
      ...start.options,
      ...(memory !== undefined && { memory }),
      environment: { RUNNER_NAME: OWN, ...start.options.environment },
      mounts: [
        ...(start.options.mounts ?? []),
        { kind: "bind", source: program, target: "/hostile", readonly: true },
        { kind: "bind", source: loot, target: "/loot" },
      ],
    })
    const metrics = Number(container.options.environment?.METRICS_PORT)
    const ports = [metrics, ...(start.ports ?? [])]
    const scene = new Scene(testEnv, way, { github, container, loot, start, foreign, ports })
    container.start()
    await testEnv.untilListening(container, 40)
    return scene
  }

  /** Every secret that there is by now: of this way, and all tokens that GitHub gave out. A job's own token is the job's, and ends with it. */
  get needles(): Needle[] {
    const tokens = this.github.tokens
      .list()
      .filter(({ kind }) => kind !== "job")
      .map(({ kind, token }) => ({ what: `${kind} token`, text: token }))
    return [...this.#start.secrets, ...tokens]
  }

  get #digests(): string[] {
    const file = this.#start.broker?.written("var/lib/runner-broker/leases.json")
    if (file === undefined || !existsSync(file)) return []
    return [...readFileSync(file, "utf8").matchAll(/"digest":\s*"([0-9a-f]{64})"/g)].map(([, digest = ""]) => digest)
  }

  /**
   * Runs the hostile program in a job until it has written what it did, or the container has ended.
   *
   * @param options.partial an attack may end the job before the next has begun, of which nothing is told then
   */
  async attack(
    attacks: readonly string[],
    options: { round?: number; signals?: readonly number[]; partial?: boolean } = {},
  ): Promise<void> {
    const { round = 1, signals = [], partial = false } = options
    const words = [
      `-round=${String(round)}`,
      `-foreign=${FOREIGN}:${String(this.#foreign)}`,
      `-ports=${this.ports.join(",")}`,
      `-signals=${signals.join(",")}`,
    ]
    const job = this.github.job([`exec /hostile ${[...words, ...attacks].join(" ")}`])
    const written = (): boolean =>
      attacks.every((attack) => existsSync(join(this.loot, `${attack}.${String(round)}.json`)))
    let isOver = false
    void this.container.ended(this.testEnv.timeout(600)).then(
      () => (isOver = true),
      () => undefined,
    )
    try {
      await this.testEnv.until(
        `the attacks ${attacks.join(", ")}`,
        () => written() || isOver || job.status === "completed",
        120,
      )
    } catch (error) {
      const shown = `job ${job.status}, ${job.log.slice(-2000)}`
      throw new Error(`${String(error)}: ${shown}`, { cause: error })
    }
    for (const attack of attacks) this.#take(attack, round, job.log, partial)
  }

  /** Adds what the program told: as it was before the end of the container, when it has come to no end of its own. */
  #take(attack: string, round: number, log: string, partial: boolean): void {
    const path = ["json", "part"]
      .map((suffix) => join(this.loot, `${attack}.${String(round)}.${suffix}`))
      .find((candidate) => existsSync(candidate))
    if (path === undefined && partial) return
    if (path === undefined) throw new Error(`${attack} has not begun: ${log.slice(-2000)}`)
    const told = JSON.parse(readFileSync(path, "utf8")) as Told
    this.told.set(attack, told)
    for (const [what, count] of Object.entries(told.tried))
      this.outcome.tried[what] = (this.outcome.tried[what] ?? 0) + count
    this.opened = told.opened
    if (told.full) this.outcome.tried["readings that were too long"] = 1
  }

  /** What the program wrote of each attack, the latest round of it. */
  readonly told = new Map<string, Told>()

  /** What the latest attack found open, or has sent. */
  opened: readonly string[] = []

  /** Waits until the job has ended. */
  async idle(seconds = 20): Promise<void> {
    const isOver = (): boolean => this.github.jobs.list().every(({ status }) => status === "completed")
    await this.testEnv.until("the job's end", isOver, seconds)
  }

  /** Ends the container at once, unless it has ended, and starts it again on its files. @returns how the second start went */
  async startAgain(): Promise<"listens" | "ended" | "silent"> {
    await this.end()
    this.container.start()
    try {
      await this.container.lines.waitFor(LISTENING, this.testEnv.timeout(40))
      return "listens"
    } catch {
      return (await this.container.ended(100).catch(() => undefined)) ? "ended" : "silent"
    }
  }

  async end(): Promise<void> {
    await this.container.kill("KILL").catch(() => undefined)
    await this.container.ended(this.testEnv.timeout(20))
    this.#abandon()
  }

  /** GitHub takes a minute to learn that a runner is gone with its job. */
  #abandon(): void {
    for (const job of this.github.jobs.list()) this.github.jobs.complete(job, "Abandoned")
    for (const runner of this.github.list()) Object.assign(runner, { job: undefined, session: undefined })
  }

  /** The runners of this container that GitHub lists. */
  get own(): number {
    return this.github.list().filter(({ name }) => name !== FOREIGN).length
  }

  /** Something that must not be possible was. */
  succeeded(what: string, where: string): void {
    this.outcome.finds.push({ what, where })
  }

  /** Looks for secrets in a text that others than the container's user can have. */
  search(where: string, text: string, more: readonly Needle[] = []): void {
    this.outcome.finds.push(...findIn(where, Buffer.from(text), [...this.needles, ...more]))
  }

  /** Ends the attack: what is in the loot, and who is on the list. */
  judge(): Outcome {
    this.outcome.finds.push(...searchFolder(this.loot, this.needles, this.#digests))
    this.search("the container's output", this.container.lines.text)
    if (!this.github.list().some(({ id }) => id === this.#foreign)) this.outcome.foreignRemoved.push(FOREIGN)
    this.outcome.tried["files of loot"] = readdirSync(this.loot).length
    return this.outcome
  }
}
