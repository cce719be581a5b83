import { setTimeout as sleep } from "node:timers/promises"
import type { Container } from "./container.js"
import type { HealthTimes } from "./oci-image.js"

/** As engines call it. */
export type HealthStatus = "starting" | "healthy" | "unhealthy"

/** One run of the image's health check. */
export interface Probe {
  /** When it had its answer. Milliseconds, monotonic. */
  readonly at: number
  readonly exitCode: number
  readonly output: string
}

/**
 * Asks a container for its health as Docker does: by the image's command, on its interval; so many failures in a row make it unhealthy, and
 * those of the start do not count. runc itself knows no health checks.
 *
 * https://docs.docker.com/reference/dockerfile/#healthcheck
 */
export class HealthMonitor {
  readonly #container: Container
  readonly #times: HealthTimes
  readonly #stop = new AbortController()
  readonly #probes: Probe[] = []
  readonly #done: Promise<void>
  #status: HealthStatus = "starting"
  #failures = 0

  /** @param times in place of the image's, as `docker run --health-interval` */
  constructor(container: Container, times: Partial<HealthTimes> = {}) {
    this.#container = container
    this.#times = { ...container.image.health.times, ...times }
    this.#done = this.#run()
  }

  get times(): HealthTimes {
    return this.#times
  }

  get status(): HealthStatus {
    return this.#status
  }

  get probes(): readonly Probe[] {
    return this.#probes
  }

  async #run(): Promise<void> {
    const begin = performance.now()
    const { signal } = this.#stop
    for (;;) {
      await sleep(this.#times.interval, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const probe = await probeHealth(this.#container, this.#times.timeout)
      this.#probes.push(probe)
      if (probe.exitCode === 0) {
        this.#failures = 0
        this.#status = "healthy"
      } else if (this.#status !== "starting" || probe.at - begin > this.#times.startPeriod) {
        if (++this.#failures >= this.#times.retries) this.#status = "unhealthy"
      }
    }
  }

  /**
   * Waits until a condition holds after one of the probes.
   *
   * @throws {Error} with the probes, when it does not after so many milliseconds
   */
  async until(condition: () => boolean, milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds
    while (!condition()) {
      if (performance.now() > end) throw new Error(`after ${milliseconds} ms it is ${this.#status}\n${this.#told()}`)
      await sleep(50)
    }
  }

  #told(): string {
    return this.#probes.map(({ at, exitCode, output }) => `${Math.round(at)} ${exitCode} ${output}`).join("\n")
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }
}

/** Runs the image's health check once. */
export async function probeHealth(container: Container, timeout?: number): Promise<Probe> {
  const { command, times } = container.image.health
  const { exitCode, stdout, stderr } = await container.exec(command, { timeout: timeout ?? times.timeout })
  return { at: performance.now(), exitCode, output: `${stdout}${stderr}`.trim() }
}
