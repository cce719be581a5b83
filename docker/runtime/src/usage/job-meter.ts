import { statfs } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"
import type { ContainerUsage, UsageSource } from "./container-usage.js"

/** What a job used; without what could not be told. */
export interface JobUsage {
  readonly cpuSeconds?: number
  readonly memoryPeakBytes?: number
  readonly diskUsedBytes?: number
}

/** Milliseconds that a file system may take to answer: a volume may not respond. */
const PATIENCE = 1000

/** Measures one job after the other. Looks at the container while there is a job, and not between jobs. */
export class JobMeter {
  readonly #source: UsageSource
  readonly #disk: () => Promise<number | undefined>
  #job: Measurement | undefined

  /** @param folder on the file system whose use is measured */
  constructor(source: UsageSource, folder: string) {
    this.#source = source
    this.#disk = diskUse(folder)
  }

  /** A job begins. One that never ended is forgotten. */
  start(): void {
    this.cancel()
    this.#job = new Measurement(this.#source, this.#disk)
  }

  /** The job has ended. */
  async stop(): Promise<JobUsage> {
    const job = this.#job
    this.#job = undefined
    return (await job?.end()) ?? {}
  }

  cancel(): void {
    this.#job?.cancel()
    this.#job = undefined
  }
}

class Measurement {
  readonly #source: UsageSource
  readonly #disk: () => Promise<number | undefined>
  readonly #first: ContainerUsage | undefined
  readonly #timer: NodeJS.Timeout
  #memory = 0
  /** Used bytes at first, and at most. */
  #used: { readonly first: number; most: number } | undefined
  #asking: Promise<void>

  constructor(source: UsageSource, disk: () => Promise<number | undefined>) {
    this.#source = source
    this.#disk = disk
    this.#first = this.#sample()
    this.#asking = this.#askDisk()
    this.#timer = setInterval(() => {
      this.#sample()
      this.#asking = this.#asking.then(() => this.#askDisk())
    }, source.interval)
    this.#timer.unref()
  }

  async end(): Promise<JobUsage> {
    const last = this.#sample()
    this.cancel()
    await this.#asking
    await this.#askDisk()
    return {
      ...(this.#first && last && { cpuSeconds: Math.max(0, last.cpuSeconds - this.#first.cpuSeconds) }),
      ...(this.#memory > 0 && { memoryPeakBytes: this.#memory }),
      ...(this.#used && { diskUsedBytes: this.#used.most - this.#used.first }),
    }
  }

  cancel(): void {
    clearInterval(this.#timer)
  }

  #sample(): ContainerUsage | undefined {
    const usage = this.#source.read()
    this.#memory = Math.max(this.#memory, usage?.memoryBytes ?? 0)
    return usage
  }

  async #askDisk(): Promise<void> {
    const bytes = await this.#disk()
    if (bytes === undefined) return
    this.#used ??= { first: bytes, most: bytes }
    this.#used.most = Math.max(this.#used.most, bytes)
  }
}

/**
 * How to ask what is used of a folder's file system: undefined if it does not answer in time, nor to the question before. Each question
 * that waits takes one of the few threads that all file operations of this program have.
 */
function diskUse(folder: string): () => Promise<number | undefined> {
  let waiting = false
  return async () => {
    if (waiting) return undefined
    waiting = true
    const answer = statfs(folder)
      .then(
        ({ blocks, bfree, bsize }) => (blocks - bfree) * bsize,
        () => undefined,
      )
      .finally(() => (waiting = false))
    return await Promise.race([answer, sleep(PATIENCE, undefined, { ref: false })])
  }
}
