import { randomUUID } from "node:crypto"
import { EventEmitter, once } from "node:events"
import { z } from "zod"
import type { Accounts } from "./accounts.js"
import type { Clock } from "./clock.js"
import type { Runner } from "./runners.js"

/** A value of a workflow: an expression is a text with `${{ … }}`. */
const SCALAR = z.union([z.string(), z.number(), z.boolean()])

/** A step of a workflow. */
export const STEP = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  /** Shell text, run by `bash -e` unless `shell` says otherwise. */
  run: z.string().default(""),
  /** An action, in place of `run`: `octo/greet@v1`, one of those in the folder of actions; or `./folder` of the workspace. */
  uses: z.string().optional(),
  with: z.record(z.string(), z.string()).default({}),
  env: z.record(z.string(), z.string()).default({}),
  shell: z.string().optional(),
  workingDirectory: z.string().optional(),
  if: z.string().optional(),
  continueOnError: z.union([z.boolean(), z.string()]).optional(),
  timeoutMinutes: z.union([z.number(), z.string()]).optional(),
  /** Runs although a step before failed. */
  always: z.boolean().default(false),
})

export const NEW_JOB = z.strictObject({
  name: z.string().default("build"),
  /** `octo/example` */
  repository: z.string(),
  /** What `runs-on` asks for. */
  labels: z.array(z.string()).default(["self-hosted"]),
  steps: z.array(STEP).default([]),
  env: z.record(z.string(), z.string()).default({}),
  /** Masked in the log by the runner, as GitHub's secrets are. */
  secrets: z.array(z.string()).default([]),
  /** By their names, for the context `secrets`; masked as well. */
  namedSecrets: z.record(z.string(), z.string()).default({}),
  /** For the context `vars`. */
  vars: z.record(z.string(), z.string()).default({}),
  matrix: z.record(z.string(), SCALAR).optional(),
  /** Jobs before this one: `{ before: { result: "success", outputs: { version: "1" } } }`. */
  needs: z
    .record(z.string(), z.strictObject({ result: z.string(), outputs: z.record(z.string(), z.string()).default({}) }))
    .default({}),
  /** `defaults.run` of the job. */
  defaults: z.strictObject({ shell: z.string().optional(), workingDirectory: z.string().optional() }).optional(),
  /** What other jobs get: `{ answer: "${{ steps.one.outputs.answer }}" }`. */
  outputs: z.record(z.string(), z.string()).default({}),
  /** Whether somebody asked for debug logging. */
  debug: z.boolean().default(false),
})

/** In the runner's words. `Abandoned`: its runner was not heard of again. */
export const RESULT = z.enum(["Succeeded", "SucceededWithIssues", "Failed", "Canceled", "Skipped", "Abandoned"])
export type Result = z.infer<typeof RESULT>

interface StepResult {
  readonly name: string
  readonly result: Result
  readonly exitCode: number | null
}

/** What GitHub shows of a step beside its log. */
export interface Annotation {
  readonly step: string
  readonly level: string
  readonly message: string
}

export interface Job extends z.infer<typeof NEW_JOB> {
  readonly id: number
  /** Its name between the server and a runner. */
  readonly uuid: string
  /** The protocol by which its runner got it. */
  protocol?: "run-service" | "pipelines"
  /** What other jobs would get. */
  results: Readonly<Record<string, string>>
  /** Steps' logs by their names. */
  stepLogs: Record<string, string>
  annotations: readonly Annotation[]
  /** Texts for the job's summary by the names of steps. */
  summaries: Record<string, string>
  /** How often its runner said that it is still at it. */
  renewals: number
  status: "queued" | "in_progress" | "completed"
  result?: Result
  runner?: { readonly id: number; readonly name: string }
  stepResults: readonly StepResult[]
  log: string
  /** The whole log comes in parts, which take the place of the live view. */
  logSent: boolean
  /** Its runner knows of it. */
  acquired: boolean
  /** Somebody wants it to end; its runner is told. */
  cancelled: boolean
  readonly queuedAt: string
  startedAt?: string
  completedAt?: string
}

/** The queue of jobs, and those that were done. */
export class Jobs {
  readonly #clock: Clock
  readonly #accounts: Accounts
  readonly #changes = new EventEmitter<{ change: [] }>().setMaxListeners(0)
  readonly #jobs: Job[] = []

  constructor(clock: Clock, accounts: Accounts) {
    this.#clock = clock
    this.#accounts = accounts
  }

  enqueue(job: z.input<typeof NEW_JOB>): Job {
    const queued: Job = {
      ...NEW_JOB.parse(job),
      id: this.#jobs.length + 1,
      uuid: randomUUID(),
      status: "queued",
      stepResults: [],
      results: {},
      stepLogs: {},
      annotations: [],
      summaries: {},
      renewals: 0,
      log: "",
      logSent: false,
      acquired: false,
      cancelled: false,
      queuedAt: this.#time(),
    }
    this.#jobs.push(queued)
    this.changed()
    return queued
  }

  find(id: number): Job | undefined {
    return this.#jobs[id - 1]
  }

  findByUuid(uuid: string): Job | undefined {
    return this.#jobs.find((job) => job.uuid === uuid.toLowerCase())
  }

  list(): readonly Job[] {
    return this.#jobs
  }

  /** Gives the runner the oldest job that is for it, if there is one. */
  assign(runner: Runner): Job | undefined {
    const job = this.#jobs.find((candidate) => candidate.status === "queued" && this.#suits(runner, candidate))
    if (!job) return undefined
    runner.job = job.id
    job.status = "in_progress"
    job.runner = { id: runner.id, name: runner.name }
    job.startedAt = this.#time()
    this.changed()
    return job
  }

  /** A runner takes jobs of its target only, and only those of which it has every label. */
  #suits({ target, labels }: Runner, job: Job): boolean {
    const own = new Set(labels.map(({ name }) => name.toLowerCase()))
    return this.#accounts.serves(target, job.repository) && job.labels.every((label) => own.has(label.toLowerCase()))
  }

  complete(job: Job, result: Result, stepResults: Job["stepResults"] = job.stepResults): void {
    if (job.status === "completed") return
    Object.assign(job, { status: "completed", result, stepResults, completedAt: this.#time() })
    this.changed()
  }

  /** What is queued ends at once; what runs ends when its runner is told. */
  cancel(job: Job): void {
    job.cancelled = true
    if (job.status === "queued") this.complete(job, "Canceled")
    this.changed()
  }

  /** Wakes those who wait for something to change. */
  changed(): void {
    this.#changes.emit("change")
  }

  /** Waits for the next change, at most so many milliseconds. */
  async change(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const timeout = AbortSignal.timeout(Math.max(milliseconds, 0))
    await once(this.#changes, "change", { signal: signal ? AbortSignal.any([signal, timeout]) : timeout }).catch(
      () => undefined,
    )
  }

  #time(): string {
    return this.#clock.date().toISOString()
  }
}
