import type { PublicConfiguration } from "../configuration/configuration.js"
import { replaceFile } from "../files/untrusted-file.js"
import type { HealthReport } from "../health/health-report.js"
import type { ImageFacts } from "../image-facts.js"
import { log } from "../log.js"
import type { Phase } from "../phase.js"
import type { JobUsage } from "../usage/job-meter.js"
import { makeFamilies, type Families } from "./families.js"
import { JobLog } from "./job-log.js"
import { fieldName, type JobRecord } from "./job-record.js"
import { jobStatus } from "./job-status.js"
import { serve, type Answer, type RunningServer } from "./server.js"

/** Takes the supervisor's events, and gives the metrics. */
export interface Metrics {
  jobStarted(name: string, at: Date): void
  /** @param result as the runner prints it: Succeeded, Failed, Canceled, … */
  jobCompleted(name: string, result: string, at: Date): void
  /** @param usage of the job that ended last, once it is known */
  jobUsed(usage: Promise<JobUsage>): void
  phase(phase: Phase): void
  /** The metrics in Prometheus' text format, as of now. */
  text(): Promise<string>
}

export interface StartedMetrics {
  metrics: Metrics
  /** Where they are served; absent if metrics are off or the port could not be opened. */
  port?: number
  /** Writes what is pending, with the runner offline, and stops serving. */
  stop: () => Promise<void>
}

/** A timer treats longer ones as one millisecond. */
const LONGEST_INTERVAL = 2 ** 31 - 1

/** A runner has one job at a time. */
const MOST_RUNNING = 100

/** The phases in which GitHub can give the runner a job, or has given it one. */
const ONLINE: ReadonlySet<Phase> = new Set<Phase>(["listening", "busy"])

/**
 * Starts to count, to serve (`/metrics`, `/health`, `/ready`), and to write METRICS_FILE and JOBS_LOG. Nothing that
 * goes wrong here stops a runner: a busy port and files that cannot be written are warnings.
 */
export async function startMetrics(
  configuration: PublicConfiguration,
  image: ImageFacts,
  health: () => HealthReport,
): Promise<StartedMetrics> {
  const { enabled, port, file, updateSeconds, jobsLog } = configuration.metrics
  const metrics = new RunnerMetrics(configuration, image, health)
  if (!enabled) return { metrics, stop: () => Promise.resolve() }

  await metrics.keepLog(jobsLog)
  await metrics.keepFile(file)
  const timer = setInterval(() => metrics.update(), Math.min(updateSeconds * 1000, LONGEST_INTERVAL))
  timer.unref()
  const server = await serveOrWarn(port, {
    "/metrics": async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
    "/health": () => healthAnswer(metrics, configuration, health(), "healthy"),
    "/ready": () => healthAnswer(metrics, configuration, health(), "ready"),
  })
  return {
    metrics,
    ...(server && { port: server.port }),
    async stop() {
      clearInterval(timer)
      metrics.end()
      await metrics.written()
      await server?.stop()
    },
  }
}

async function serveOrWarn(port: number, routes: Parameters<typeof serve>[1]): Promise<RunningServer | undefined> {
  try {
    return await serve(port, routes)
  } catch (error) {
    log.warn(`${portProblem(port, error)}; the runner works without metrics over HTTP`)
    return undefined
  }
}

function portProblem(port: number, error: unknown): string {
  const code = codeOf(error)
  if (code === "EADDRINUSE") return `METRICS_PORT ${port} is in use; set another one if containers share a network`
  if (code === "EACCES") return `METRICS_PORT ${port} can only be opened by root; set one above 1023`
  return `METRICS_PORT ${port} cannot be opened: ${String(code ?? error)}`
}

/** The members as GrammaTonic/github-runner documents them, as far as they are known here, and the reason. */
function healthAnswer(
  metrics: RunnerMetrics,
  configuration: PublicConfiguration,
  report: HealthReport,
  asked: "healthy" | "ready",
): Answer {
  const status = asked === "healthy" ? (report.healthy ? "healthy" : "unhealthy") : report.ready ? "ready" : "not ready"
  return {
    status: report[asked] ? 200 : 503,
    type: "application/json; charset=utf-8",
    body: `${JSON.stringify({
      status,
      reason: report.reason,
      timestamp: new Date().toISOString(),
      runner_id: configuration.name,
      type: configuration.variant,
      uptime: uptimeSeconds(),
      last_job: metrics.lastJob?.toISOString() ?? null,
    })}\n`,
  }
}

const uptimeSeconds = (): number => Math.floor(process.uptime())

class RunnerMetrics implements Metrics {
  lastJob: Date | undefined
  private readonly families: Families
  private readonly running = new Map<string, Date>()
  private current: Phase | undefined
  private log: JobLog | undefined
  private file: string | undefined
  private readonly warned = new Set<string>()
  /** What is being written: one thing after another. */
  private work: Promise<void> = Promise.resolve()

  constructor({ name, variant }: PublicConfiguration, image: ImageFacts, health: () => HealthReport) {
    this.families = makeFamilies({ name, type: variant }, image, {
      // A listener that is dead or has lost its connection is ready for nothing, whatever phase it was in.
      online: () => this.current !== undefined && ONLINE.has(this.current) && health().ready,
      uptimeSeconds,
      now: () => new Date(),
    })
  }

  get contentType(): string {
    return this.families.registry.contentType
  }

  text(): Promise<string> {
    return this.families.registry.metrics()
  }

  phase(phase: Phase): void {
    this.current = phase
  }

  jobStarted(name: string, at: Date): void {
    // Each job's end is reported, unless a job imitates the runner's output.
    if (this.running.size < MOST_RUNNING) this.running.set(fieldName(name), at)
    this.record({ at, name, status: "running" })
  }

  jobCompleted(name: string, result: string, at: Date): void {
    const start = this.running.get(fieldName(name))
    this.running.delete(fieldName(name))
    this.lastJob = at
    const record: JobRecord = {
      at,
      name,
      status: jobStatus(result),
      // A clock that was set back must not give a negative duration.
      ...(start && { seconds: Math.max(0, Math.round((at.getTime() - start.getTime()) / 1000)) }),
    }
    this.families.count(record)
    this.record(record)
    // An ephemeral runner leaves before the next interval.
    this.update()
  }

  jobUsed(usage: Promise<JobUsage>): void {
    this.work = this.work.then(async () => this.families.use(await usage))
    this.update()
  }

  /** Counts what the log has from before a restart, and keeps it from now on. */
  async keepLog(path: string): Promise<void> {
    const log = new JobLog(path)
    await this.orWarn("JOBS_LOG", path, async () => {
      const records = await log.open()
      for (const record of records) this.families.count(record)
      this.log = log
    })
  }

  async keepFile(path: string): Promise<void> {
    this.file = path
    this.update()
    await this.work
  }

  /** Writes METRICS_FILE, after what is being written. */
  update(): void {
    const { file } = this
    if (file !== undefined) this.write("METRICS_FILE", file, async () => replaceFile(file, await this.text()))
  }

  /** The runner is gone: says so in the file that stays. */
  end(): void {
    this.current = undefined
    this.update()
  }

  written(): Promise<void> {
    return this.work
  }

  private record(record: JobRecord): void {
    const { log } = this
    if (log) this.write("JOBS_LOG", log.path, () => log.add({ ...record, name: fieldName(record.name) }))
  }

  private write(variable: string, path: string, write: () => Promise<void>): void {
    this.work = this.work.then(() => this.orWarn(variable, path, write))
  }

  private async orWarn(variable: string, path: string, write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      if (this.warned.has(variable)) return
      this.warned.add(variable)
      log.warn(`${variable} ${path} cannot be written (${whyNot(error)}); the runner works without it`)
    }
  }
}

function whyNot(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.message : String(error))
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
}
