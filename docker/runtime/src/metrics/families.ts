import { Counter, Gauge, Histogram, Registry } from "prom-client"
import type { ImageFacts } from "../image-facts.js"
import type { JobUsage } from "../usage/job-meter.js"
import type { JobRecord } from "./job-record.js"

/** Upper bounds in seconds: a minute, 5 minutes, 10 minutes, half an hour, an hour. */
const DURATION_BUCKETS = [60, 300, 600, 1800, 3600]

/** Upper bounds in seconds, from a second to ten hours. */
const CPU_BUCKETS = [1, 10, 60, 300, 1800, 7200, 36_000]

const GIBIBYTE = 2 ** 30

/** Upper bounds, from 256 MiB to 64 GiB. */
const MEMORY_BUCKETS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64].map((size) => size * GIBIBYTE)

/** Upper bounds, from 128 MiB to 128 GiB. */
const DISK_BUCKETS = [0.125, 0.5, 1, 2, 4, 8, 16, 32, 64, 128].map((size) => size * GIBIBYTE)

/** A job's statuses that are shown from the start, as 0: `total` and what the dashboards ask for. */
const SHOWN_STATUSES = ["total", "success", "failed"] as const

/** A row of the table in the documentation. */
export interface FamilyFacts {
  name: string
  type: "counter" | "gauge" | "histogram"
  labels: readonly string[]
  meaning: string
  source: string
}

const RUNNER = ["runner_name", "runner_type"] as const

/**
 * The families, their labels and types as the dashboards of GrammaTonic/github-runner ask for them, and one of ours.
 * `github_runner_uptime_seconds` keeps its type although a linter would have a counter end in `_total`.
 *
 * Two of them are declared without a sample, since nothing in a runner knows their value: GitHub does not tell a
 * runner how long a job was queued, and the caches of builds report their hits to nobody here. A dashboard then says
 * "No data", where a 0 would be a lie and NaN would spoil an average over several runners.
 */
export const FAMILIES = {
  status: {
    name: "github_runner_status",
    type: "gauge",
    labels: RUNNER,
    meaning: "Runner status (1=online, 0=offline): 1 while it listens for jobs or runs one, and is connected",
    source: "the phase of the runtime program, from the runner's own output, and its health",
  },
  info: {
    name: "github_runner_info",
    type: "gauge",
    labels: [...RUNNER, "version"],
    meaning: "Runner information: always 1, with the version of the runner",
    source: "image.json",
  },
  uptime: {
    name: "github_runner_uptime_seconds",
    type: "counter",
    labels: RUNNER,
    meaning: "Runner uptime in seconds, since the runtime program started",
    source: "monotonic clock",
  },
  jobs: {
    name: "github_runner_jobs_total",
    type: "counter",
    labels: ["status", ...RUNNER],
    meaning:
      "Jobs that ended, by status: success, failed, cancelled, skipped, abandoned (the runner died), unknown; total is their sum",
    source: "the runner's output, and the job log for what was before a restart",
  },
  duration: {
    name: "github_runner_job_duration_seconds",
    type: "histogram",
    labels: RUNNER,
    meaning: "Histogram of job durations in seconds, of the jobs whose start and end were seen",
    source: "the runner's output, and the job log for what was before a restart",
  },
  jobCpu: {
    name: "github_runner_job_cpu_seconds",
    type: "histogram",
    labels: RUNNER,
    meaning:
      "Histogram of the CPU time of jobs in seconds: user and system time of the runner's container while the job ran, without containers that the job started elsewhere",
    source: "the container's cgroup (version 2), otherwise its processes",
  },
  jobMemory: {
    name: "github_runner_job_memory_peak_bytes",
    type: "histogram",
    labels: RUNNER,
    meaning:
      "Histogram of the peak memory of jobs in bytes: the most that the runner's container used while the job ran, without inactive page cache",
    source: "the container's cgroup (version 2), sampled every second, otherwise its processes, every three seconds",
  },
  jobDisk: {
    name: "github_runner_job_disk_used_bytes",
    type: "histogram",
    labels: RUNNER,
    meaning:
      "Histogram of the disk space used by jobs in bytes: how much the use of the work folder's file system grew at most while the job ran, with what others wrote there",
    source: "the work folder's file system, sampled as often as memory",
  },
  queueTime: {
    name: "github_runner_queue_time_seconds",
    type: "gauge",
    labels: RUNNER,
    meaning: "Queue time in seconds; never has a sample, since GitHub does not tell the runner",
    source: "none",
  },
  cacheHitRate: {
    name: "github_runner_cache_hit_rate",
    type: "gauge",
    labels: ["cache_type", ...RUNNER],
    meaning: "Cache hit rate by type (0.0-1.0); never has a sample, since caches do not report to the runner",
    source: "none",
  },
  lastUpdate: {
    name: "github_runner_last_update_timestamp",
    type: "gauge",
    labels: [],
    meaning: "Unix timestamp in seconds of when these metrics were collected",
    source: "clock",
  },
  buildInfo: {
    name: "runner_images_build_info",
    type: "gauge",
    labels: ["version", "variant", "platform", "base", "runner_version", "runner_kind"],
    meaning: "The image: always 1, with its version, variant, platform, base, and the version and kind of its runner",
    source: "image.json",
  },
} as const satisfies Record<string, FamilyFacts>

/** The sources of values that are read at each scrape. */
export interface Observed {
  online(): boolean
  uptimeSeconds(): number
  now(): Date
}

/** The families in a registry of their own, and where jobs are counted. */
export interface Families {
  registry: Registry
  /** Counts a job that ended; one that is running counts nothing. */
  count: (record: JobRecord) => void
  /** Observes what a job used. */
  use: (usage: JobUsage) => void
}

/** prom-client's options for a family. */
function options<T extends string>(
  { name, meaning, labels }: { name: string; meaning: string; labels: readonly T[] },
  registry: Registry,
) {
  return { name, help: meaning, labelNames: labels, registers: [registry] }
}

/** Creates the families of one runner, with their values before its first job. */
export function makeFamilies(runner: { name: string; type: string }, image: ImageFacts, observed: Observed): Families {
  const registry = new Registry()
  const labels = { runner_name: runner.name, runner_type: runner.type }

  new Gauge({
    ...options(FAMILIES.status, registry),
    collect() {
      this.set(labels, observed.online() ? 1 : 0)
    },
  })
  new Gauge(options(FAMILIES.info, registry)).set({ ...labels, version: image.runner.version }, 1)
  new Counter({
    ...options(FAMILIES.uptime, registry),
    collect() {
      this.reset()
      this.inc(labels, observed.uptimeSeconds())
    },
  })
  const jobs = new Counter(options(FAMILIES.jobs, registry))
  for (const status of SHOWN_STATUSES) jobs.inc({ status, ...labels }, 0)
  const duration = new Histogram({ ...options(FAMILIES.duration, registry), buckets: DURATION_BUCKETS })
  duration.zero(labels)
  const histogram = (facts: (typeof FAMILIES)["jobCpu" | "jobMemory" | "jobDisk"], buckets: number[]) => {
    const made = new Histogram({ ...options(facts, registry), buckets })
    made.zero(labels)
    return (value: number | undefined): void => {
      if (value !== undefined) made.observe(labels, value)
    }
  }
  const cpu = histogram(FAMILIES.jobCpu, CPU_BUCKETS)
  const memory = histogram(FAMILIES.jobMemory, MEMORY_BUCKETS)
  const disk = histogram(FAMILIES.jobDisk, DISK_BUCKETS)
  new Gauge(options(FAMILIES.queueTime, registry))
  new Gauge(options(FAMILIES.cacheHitRate, registry))
  new Gauge({
    ...options(FAMILIES.lastUpdate, registry),
    collect() {
      this.set(Math.floor(observed.now().getTime() / 1000))
    },
  })
  new Gauge(options(FAMILIES.buildInfo, registry)).set(
    {
      version: image.version,
      variant: image.variant,
      platform: image.platform,
      base: image.base,
      runner_version: image.runner.version,
      runner_kind: image.runner.kind,
    },
    1,
  )

  return {
    registry,
    count({ status, seconds }) {
      if (status === "running") return
      jobs.inc({ status, ...labels })
      jobs.inc({ status: "total", ...labels })
      if (seconds !== undefined) duration.observe(labels, seconds)
    },
    use({ cpuSeconds, memoryPeakBytes, diskUsedBytes }) {
      cpu(cpuSeconds)
      memory(memoryPeakBytes)
      disk(diskUsedBytes)
    },
  }
}
