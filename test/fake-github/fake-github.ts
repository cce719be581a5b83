import { adminRoutes } from "./admin/routes.js"
import { appRoutes } from "./api/apps.js"
import { justInTimeRoutes } from "./api/just-in-time.js"
import { metaRoutes } from "./api/meta.js"
import { runnerListRoutes } from "./api/runner-list.js"
import { runnerTokenRoutes } from "./api/runner-tokens.js"
import type { Certificate } from "./certificate.js"
import type { Job } from "./jobs.js"
import { FakeServer } from "./server.js"
import { AccessTokens } from "./service/access-tokens.js"
import { brokerRoutes } from "./service/broker.js"
import { Feed } from "./service/feed.js"
import { JobTokens } from "./service/job-tokens.js"
import { launchRoutes } from "./service/launch.js"
import { messageRoutes } from "./service/pipelines/message-routes.js"
import { planRoutes } from "./service/pipelines/plan-routes.js"
import { AdminTokens, poolRoutes } from "./service/pipelines/pool-routes.js"
import { registrationRoutes } from "./service/registration.js"
import { resultsRoutes } from "./service/results-service.js"
import { runServiceRoutes } from "./service/run-service.js"
import { State } from "./state.js"

export interface FakeGitHubOptions {
  /** The address to listen on: `127.0.0.1`. */
  readonly host?: string
  /** 0 for a free one. */
  readonly port?: number
  /** For HTTPS. */
  readonly certificate?: Certificate | undefined
}

/** A GitHub of its own, for tests: nothing exists on it but what is added. */
export class FakeGitHub extends State {
  readonly #server: FakeServer
  readonly #url: (port: number) => string
  #back: NodeJS.Timeout | undefined

  constructor({ host = "127.0.0.1", port = 0, certificate }: FakeGitHubOptions = {}) {
    super()
    const accessTokens = new AccessTokens(this)
    const adminTokens = new AdminTokens()
    const jobTokens = new JobTokens(this)
    const routes = [
      ...adminRoutes(this, (seconds) => this.downFor(seconds)),
      ...metaRoutes(this),
      ...runnerTokenRoutes(this),
      ...justInTimeRoutes(this),
      ...runnerListRoutes(this),
      ...appRoutes(this),
      ...registrationRoutes(this, adminTokens),
      ...accessTokens.routes(),
      ...brokerRoutes(this, accessTokens),
      ...runServiceRoutes(this, accessTokens, jobTokens),
      ...resultsRoutes(this, jobTokens),
      ...launchRoutes(this, jobTokens),
      ...poolRoutes(this, adminTokens),
      ...messageRoutes(this, accessTokens, jobTokens),
      ...planRoutes(this, jobTokens),
    ]
    this.#server = new FakeServer({ host, port, certificate, upgrades: new Feed(this, jobTokens) }, routes, this)
    const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host
    this.#url = (actual) => `${certificate ? "https" : "http"}://${name}:${String(actual)}`
  }

  /** Where people and config.sh's --url begin: `https://127.0.0.1:8443`. */
  get url(): string {
    return this.#url(this.#server.port)
  }

  /** The API as on GitHub Enterprise Server: `https://127.0.0.1:8443/api/v3`. It is served without the path as well. */
  get api(): string {
    return `${this.url}/api/v3`
  }

  get port(): number {
    return this.#server.port
  }

  /** Listens again on the same port. */
  async up(): Promise<void> {
    await this.#server.up()
  }

  /** Closes all connections and refuses new ones. What the server knows stays. */
  async down(): Promise<void> {
    await this.#server.down()
  }

  /** Away for some seconds, from the next moment on. */
  downFor(seconds: number): void {
    clearTimeout(this.#back)
    // After the answer to the one who wants it.
    setTimeout(() => void this.down(), 50)
    this.#back = setTimeout(() => void this.up(), 50 + seconds * 1000)
  }

  /** Ends the server for good. */
  async close(): Promise<void> {
    clearTimeout(this.#back)
    await this.down()
  }

  /**
   * Waits for a job to be done, or to be in progress.
   *
   * @throws {Error} when it is not after so many milliseconds
   */
  async waitForJob(job: Job, status: "in_progress" | "completed" = "completed", milliseconds = 30_000): Promise<Job> {
    const deadline = Date.now() + milliseconds
    while (job.status !== status && job.status !== "completed") {
      if (Date.now() > deadline) throw new Error(`job ${job.name} is ${job.status}, not ${status}`)
      await this.jobs.change(Math.min(deadline - Date.now(), 200))
      this.abandonLostJobs()
    }
    return job
  }
}

/** Starts one, on a free port of this machine unless told otherwise. */
export async function startFakeGitHub(options?: FakeGitHubOptions): Promise<FakeGitHub> {
  const github = new FakeGitHub(options)
  await github.up()
  return github
}
