import { mkdtempSync } from "node:fs"
import { chmod, mkdir, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { FakeGitHub, type FakeGitHubOptions } from "../fake-github/fake-github.js"
import type { Job, NEW_JOB } from "../fake-github/jobs.js"
import type { Runner } from "../fake-github/runners.js"
import type { z } from "zod"
import { Container, type ContainerEnd } from "./container.js"
import { isNative } from "./emulation.js"
import { HealthMonitor } from "./health-monitor.js"
import { removeAtExit } from "./leftovers.js"
import type { HealthTimes, UnpackedImage } from "./oci-image.js"
import type { ContainerOptions } from "./runtime-spec.js"

/** The repository that every fake GitHub of a test environment has. */
export const REPOSITORY = "octo/example"

/** For the runner, whichever it is, so that tests need not wait. */
export const SHORT_WAITS = { ACT_RUNNER_SECONDS: "retry=0.5" } as const

/** How much longer things take under emulation. */
const EMULATED = 6

const SECOND = 1000

type Environment = Readonly<Record<string, string>>

/** What one case works in: containers of one image and servers that they speak to. All of it ends with the case. */
export class TestEnvironment {
  readonly image: UnpackedImage
  readonly #folder = mkdtempSync(join(tmpdir(), "runner-images-lifecycle-"))
  readonly #cleanup: (() => Promise<void>)[] = []
  readonly #containers: Container[] = []
  readonly #forget = removeAtExit(this.#folder)
  #folders = 0

  constructor(image: UnpackedImage) {
    this.image = image
  }

  get platform(): PlatformName {
    return this.image.platform
  }

  /** Seconds that something may take on a machine of the platform's own, as milliseconds that it may take here. */
  timeout(seconds: number): number {
    return seconds * SECOND * (isNative(this.platform) ? 1 : EMULATED)
  }

  /** Done when the case is over, whether it passed or not; the latest first. */
  defer(cleanup: () => Promise<void> | void): void {
    this.#cleanup.push(async () => cleanup())
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const cleanup of this.#cleanup.splice(0).reverse())
      await cleanup().catch((error: unknown) => failures.push(error))
    await rm(this.#folder, { recursive: true, force: true })
    this.#forget()
    if (failures.length > 0) throw new AggregateError(failures, "a test environment could not be cleaned up")
  }

  /** What the containers said last, for who looks into a failure. */
  logs(): string {
    return this.#containers.map(({ id, lines }) => `${id} said:\n${lines.last()}`).join("\n")
  }

  /** An empty folder of the host: a volume to be mounted, or files for one. */
  async folder(mode = 0o755): Promise<string> {
    const path = join(this.#folder, String(++this.#folders))
    await mkdir(path)
    // Whatever the mask of new files is here.
    await chmod(path, mode)
    return path
  }

  /** A GitHub of the case's own, with one repository and a personal token that may do everything. */
  async github(options: FakeGitHubOptions = {}): Promise<TestGitHub> {
    const github = new TestGitHub(this, options)
    await github.up()
    this.defer(() => github.close())
    github.accounts.addRepository(REPOSITORY)
    // That the server is back, a runner knows when its question is answered.
    github.settings.pollSeconds = 5
    return github
  }

  /** A container, not started yet, with a metrics port that no other has: they share the host's network. */
  async container(options: ContainerOptions = {}): Promise<Container> {
    const environment = { METRICS_PORT: String(await freePort()), ...options.environment }
    const container = new Container(this.image, { ...options, environment }, await this.folder())
    this.defer(() => container.remove())
    this.#containers.push(container)
    return container
  }

  async start(options?: ContainerOptions): Promise<Container> {
    const container = await this.container(options)
    container.start()
    return container
  }

  /** Starts a runner and waits until it listens for jobs. */
  async listening(environment: Environment, options: ContainerOptions = {}): Promise<Container> {
    const container = await this.start({ ...options, environment })
    await this.untilListening(container)
    return container
  }

  async untilListening(container: Container, seconds = 20): Promise<void> {
    await container.lines.waitFor(LISTENING, this.timeout(seconds))
  }

  /** Runs a container to its end. */
  async run(options: ContainerOptions, seconds = 20): Promise<Ended> {
    const container = await this.start(options)
    return ended(container, await container.ended(this.timeout(seconds)))
  }

  /** Sends a signal and waits for the end. */
  async stop(container: Container, signal = this.image.stopSignal, seconds = 30): Promise<Ended> {
    await container.kill(signal)
    return ended(container, await container.ended(this.timeout(seconds)))
  }

  /** Asks for the container's health until the case is over. */
  monitor(container: Container, times: Partial<HealthTimes> = {}): HealthMonitor {
    const monitor = new HealthMonitor(container, times)
    this.defer(() => monitor.stop())
    return monitor
  }

  /**
   * Waits until something holds.
   *
   * @throws {Error} when it does not after so many seconds
   */
  async until(what: string, condition: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
    const end = performance.now() + this.timeout(seconds)
    while (!(await condition())) {
      if (performance.now() > end) throw new Error(`${what}: not after ${this.timeout(seconds) / SECOND} s`)
      await sleep(50)
    }
  }
}

/** What the runner says when GitHub can give it a job. */
export const LISTENING = /Listening for Jobs$/

/** A container that has ended. */
export interface Ended {
  readonly container: Container
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** Both streams, as they came. */
  readonly text: string
  /** Milliseconds from its start to its end. */
  readonly lasted: number
}

function ended(container: Container, { exitCode, at }: ContainerEnd): Ended {
  const { lines, startedAt } = container
  return {
    container,
    exitCode,
    stdout: lines.of("stdout"),
    stderr: lines.of("stderr"),
    text: lines.text,
    lasted: at - startedAt,
  }
}

/** The fake GitHub, with what cases ask of it. */
export class TestGitHub extends FakeGitHub {
  readonly #testEnv: TestEnvironment
  readonly token: string

  constructor(testEnv: TestEnvironment, options: FakeGitHubOptions) {
    super(options)
    this.#testEnv = testEnv
    this.token = this.tokens.addPersonal().token
  }

  /** What a runner of the repository is started with. */
  get environment(): Record<string, string> {
    return { ...this.server, REPO_URL: `${this.url}/${REPOSITORY}`, ACCESS_TOKEN: this.token }
  }

  /** Which server it is, without a word on runners or credentials. */
  get server(): Record<string, string> {
    // As a user would name GitHub Enterprise Server, apart from the scheme, which is for tests.
    return { GITHUB_HOST: this.url, ...SHORT_WAITS }
  }

  /** The registered runners. */
  list(): readonly Runner[] {
    return this.runners.list()
  }

  /** The only registered runner. */
  get only(): Runner {
    const [first, second] = this.list()
    if (!first || second) throw new Error(`${this.list().length} runners are registered, not one`)
    return first
  }

  /** The labels of the only runner, as sets are compared. */
  get labels(): string[] {
    return this.only.labels.map(({ name }) => name).sort()
  }

  /** Gives the repository a job of shell steps. */
  job(steps: readonly string[], more: Partial<z.input<typeof NEW_JOB>> = {}): Job {
    return this.jobs.enqueue({ repository: REPOSITORY, steps: steps.map((run) => ({ run })), ...more })
  }

  /** Runs a job of shell steps to its end. */
  async done(steps: readonly string[], more: Partial<z.input<typeof NEW_JOB>> = {}, seconds = 20): Promise<Job> {
    return await this.waitForJob(this.job(steps, more), "completed", this.#testEnv.timeout(seconds))
  }

  /** Waits until a job runs. */
  async running(job: Job, seconds = 20): Promise<void> {
    await this.waitForJob(job, "in_progress", this.#testEnv.timeout(seconds))
  }

  /** Gives the repository a job and waits until its runner has told that it runs. */
  async busy(container: Container, steps: readonly string[], seconds = 20): Promise<Job> {
    const job = this.job(steps)
    await this.running(job, seconds)
    await container.lines.waitFor(/Running job: build$/, this.#testEnv.timeout(seconds))
    return job
  }

  /** How often runners were asked for what a path has in it. */
  count(part: string): number {
    return this.requests.list(part).length
  }
}

/** A TCP port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("a server without a port")
  return address.port
}
