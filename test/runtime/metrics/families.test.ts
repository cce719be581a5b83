import { describe, expect, it } from "vitest"
import { FAMILIES, makeFamilies, type Families } from "../../../docker/runtime/src/metrics/families.js"
import type { JobRecord } from "../../../docker/runtime/src/metrics/job-record.js"
import { hasPromtool, parseExposition, promtool } from "./exposition.js"

const image = {
  variant: "chrome",
  version: "0.1.0",
  platform: "linux/riscv64",
  base: "debian:trixie-slim",
  runner: { kind: "official" as const, version: "2.338.0" },
  architectureLabel: "riscv64",
  foreignArchitectureLabels: [],
  tools: {},
}

function families(name = "runner-1", online = true): Families {
  const observed = { online: () => online, uptimeSeconds: () => 61, now: () => new Date(1_767_323_045_678) }
  return makeFamilies({ name, type: "chrome" }, image, observed)
}

const ended = (status: JobRecord["status"], seconds?: number): JobRecord => ({
  at: new Date(0),
  name: "build",
  status,
  ...(seconds !== undefined && { seconds }),
})

const STATES: [string, JobRecord[]][] = [
  ["before the first job", []],
  ["while the first job runs", [ended("running")]],
  ["after a success", [ended("success", 30)]],
  ["after a failure", [ended("failed", 120)]],
  [
    "after all kinds of ends",
    (["success", "failed", "cancelled", "skipped", "abandoned", "unknown"] as const).map((status) => ended(status)),
  ],
]

describe("the metrics", () => {
  it("are these", async () => {
    const { registry, count, use } = families()
    use({ cpuSeconds: 12.5, memoryPeakBytes: 3 * 2 ** 30, diskUsedBytes: 2 ** 20 })
    // What could not be measured is no observation.
    use({ cpuSeconds: 100 })
    for (const record of [
      ended("success", 30),
      ended("failed", 120),
      ended("success", 400),
      ended("cancelled", 60),
      ended("abandoned"),
      ended("running"),
    ])
      count(record)
    expect(await registry.metrics()).toMatchInlineSnapshot(`
      "# HELP github_runner_status Runner status (1=online, 0=offline): 1 while it listens for jobs or runs one, and is connected
      # TYPE github_runner_status gauge
      github_runner_status{runner_name="runner-1",runner_type="chrome"} 1

      # HELP github_runner_info Runner information: always 1, with the version of the runner
      # TYPE github_runner_info gauge
      github_runner_info{runner_name="runner-1",runner_type="chrome",version="2.338.0"} 1

      # HELP github_runner_uptime_seconds Runner uptime in seconds, since the runtime program started
      # TYPE github_runner_uptime_seconds counter
      github_runner_uptime_seconds{runner_name="runner-1",runner_type="chrome"} 61

      # HELP github_runner_jobs_total Jobs that ended, by status: success, failed, cancelled, skipped, abandoned (the runner died), unknown; total is their sum
      # TYPE github_runner_jobs_total counter
      github_runner_jobs_total{status="total",runner_name="runner-1",runner_type="chrome"} 5
      github_runner_jobs_total{status="success",runner_name="runner-1",runner_type="chrome"} 2
      github_runner_jobs_total{status="failed",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_jobs_total{status="cancelled",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_jobs_total{status="abandoned",runner_name="runner-1",runner_type="chrome"} 1

      # HELP github_runner_job_duration_seconds Histogram of job durations in seconds, of the jobs whose start and end were seen
      # TYPE github_runner_job_duration_seconds histogram
      github_runner_job_duration_seconds_bucket{le="60",runner_name="runner-1",runner_type="chrome"} 2
      github_runner_job_duration_seconds_bucket{le="300",runner_name="runner-1",runner_type="chrome"} 3
      github_runner_job_duration_seconds_bucket{le="600",runner_name="runner-1",runner_type="chrome"} 4
      github_runner_job_duration_seconds_bucket{le="1800",runner_name="runner-1",runner_type="chrome"} 4
      github_runner_job_duration_seconds_bucket{le="3600",runner_name="runner-1",runner_type="chrome"} 4
      github_runner_job_duration_seconds_bucket{le="+Inf",runner_name="runner-1",runner_type="chrome"} 4
      github_runner_job_duration_seconds_sum{runner_name="runner-1",runner_type="chrome"} 610
      github_runner_job_duration_seconds_count{runner_name="runner-1",runner_type="chrome"} 4

      # HELP github_runner_job_cpu_seconds Histogram of the CPU time of jobs in seconds: user and system time of the runner's container while the job ran, without containers that the job started elsewhere
      # TYPE github_runner_job_cpu_seconds histogram
      github_runner_job_cpu_seconds_bucket{le="1",runner_name="runner-1",runner_type="chrome"} 0
      github_runner_job_cpu_seconds_bucket{le="10",runner_name="runner-1",runner_type="chrome"} 0
      github_runner_job_cpu_seconds_bucket{le="60",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_cpu_seconds_bucket{le="300",runner_name="runner-1",runner_type="chrome"} 2
      github_runner_job_cpu_seconds_bucket{le="1800",runner_name="runner-1",runner_type="chrome"} 2
      github_runner_job_cpu_seconds_bucket{le="7200",runner_name="runner-1",runner_type="chrome"} 2
      github_runner_job_cpu_seconds_bucket{le="36000",runner_name="runner-1",runner_type="chrome"} 2
      github_runner_job_cpu_seconds_bucket{le="+Inf",runner_name="runner-1",runner_type="chrome"} 2
      github_runner_job_cpu_seconds_sum{runner_name="runner-1",runner_type="chrome"} 112.5
      github_runner_job_cpu_seconds_count{runner_name="runner-1",runner_type="chrome"} 2

      # HELP github_runner_job_memory_peak_bytes Histogram of the peak memory of jobs in bytes: the most that the runner's container used while the job ran, without inactive page cache
      # TYPE github_runner_job_memory_peak_bytes histogram
      github_runner_job_memory_peak_bytes_bucket{le="268435456",runner_name="runner-1",runner_type="chrome"} 0
      github_runner_job_memory_peak_bytes_bucket{le="536870912",runner_name="runner-1",runner_type="chrome"} 0
      github_runner_job_memory_peak_bytes_bucket{le="1073741824",runner_name="runner-1",runner_type="chrome"} 0
      github_runner_job_memory_peak_bytes_bucket{le="2147483648",runner_name="runner-1",runner_type="chrome"} 0
      github_runner_job_memory_peak_bytes_bucket{le="4294967296",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_memory_peak_bytes_bucket{le="8589934592",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_memory_peak_bytes_bucket{le="17179869184",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_memory_peak_bytes_bucket{le="34359738368",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_memory_peak_bytes_bucket{le="68719476736",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_memory_peak_bytes_bucket{le="+Inf",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_memory_peak_bytes_sum{runner_name="runner-1",runner_type="chrome"} 3221225472
      github_runner_job_memory_peak_bytes_count{runner_name="runner-1",runner_type="chrome"} 1

      # HELP github_runner_job_disk_used_bytes Histogram of the disk space used by jobs in bytes: how much the use of the work folder's file system grew at most while the job ran, with what others wrote there
      # TYPE github_runner_job_disk_used_bytes histogram
      github_runner_job_disk_used_bytes_bucket{le="134217728",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="536870912",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="1073741824",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="2147483648",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="4294967296",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="8589934592",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="17179869184",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="34359738368",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="68719476736",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="137438953472",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_bucket{le="+Inf",runner_name="runner-1",runner_type="chrome"} 1
      github_runner_job_disk_used_bytes_sum{runner_name="runner-1",runner_type="chrome"} 1048576
      github_runner_job_disk_used_bytes_count{runner_name="runner-1",runner_type="chrome"} 1

      # HELP github_runner_queue_time_seconds Queue time in seconds; never has a sample, since GitHub does not tell the runner
      # TYPE github_runner_queue_time_seconds gauge

      # HELP github_runner_cache_hit_rate Cache hit rate by type (0.0-1.0); never has a sample, since caches do not report to the runner
      # TYPE github_runner_cache_hit_rate gauge

      # HELP github_runner_last_update_timestamp Unix timestamp in seconds of when these metrics were collected
      # TYPE github_runner_last_update_timestamp gauge
      github_runner_last_update_timestamp 1767323045

      # HELP runner_images_build_info The image: always 1, with its version, variant, platform, base, and the version and kind of its runner
      # TYPE runner_images_build_info gauge
      runner_images_build_info{version="0.1.0",variant="chrome",platform="linux/riscv64",base="debian:trixie-slim",runner_version="2.338.0",runner_kind="official"} 1
      "
    `)
  })

  it.each(STATES)("are read %s", async (_, records) => {
    const { registry, count } = families()
    for (const record of records) count(record)
    const read = parseExposition(await registry.metrics())
    expect([...read.keys()]).toEqual(Object.values(FAMILIES).map(({ name }) => name))
    expect(Object.values(FAMILIES).map(({ name }) => read.get(name)?.type)).toEqual(
      Object.values(FAMILIES).map(({ type }) => type),
    )
  })

  it.skipIf(!hasPromtool).each(STATES)(
    "are read by promtool %s, which would but name the uptime differently",
    async (_, records) => {
      const { registry, count } = families()
      for (const record of records) count(record)
      expect(promtool(await registry.metrics())).toEqual({
        status: 3,
        output: 'github_runner_uptime_seconds counter metrics should have "_total" suffix\n',
      })
    },
  )

  it.skipIf(!hasPromtool)("would be refused by promtool where a stray line is among them", async () => {
    const text = `${await families().registry.metrics()}0\n`
    expect(promtool(text).status).toBe(1)
    expect(() => parseExposition(text)).toThrow("no sample: 0")
  })

  it("escape what a runner's name may have", async () => {
    const text = await families('a "b" \\ c\nd').registry.metrics()
    const status = parseExposition(text).get("github_runner_status")
    expect(status?.samples[0]?.labels).toEqual({ runner_name: String.raw`a \"b\" \\ c\nd`, runner_type: "chrome" })
  })

  it("are one runner's alone", async () => {
    const first = families("first")
    first.count(ended("success", 1))
    const text = await families("second", false).registry.metrics()
    expect(text).not.toContain("first")
    expect(parseExposition(text).get("github_runner_status")?.samples).toEqual([
      { name: "github_runner_status", labels: { runner_name: "second", runner_type: "chrome" }, value: 0 },
    ])
  })
})

describe("what GrammaTonic/github-runner's dashboards ask for", () => {
  /** The selectors of its four dashboards, by family: the labels that they match, group by or show. */
  it.each([
    ["github_runner_status", ["runner_name", "runner_type"]],
    ["github_runner_info", ["runner_name", "runner_type", "version"]],
    ["github_runner_uptime_seconds", ["runner_name", "runner_type"]],
    ["github_runner_jobs_total", ["runner_name", "runner_type", "status"]],
    ["github_runner_job_duration_seconds_bucket", ["le", "runner_name", "runner_type"]],
    ["github_runner_job_duration_seconds_sum", ["runner_name", "runner_type"]],
    ["github_runner_job_duration_seconds_count", ["runner_name", "runner_type"]],
  ])("%s has its labels, also before the first job", async (name, labels) => {
    const samples = [...parseExposition(await families().registry.metrics()).values()].flatMap(
      (family) => family.samples,
    )
    const asked = samples.filter((sample) => sample.name === name)
    expect(asked.length).toBeGreaterThan(0)
    for (const sample of asked) expect(Object.keys(sample.labels).sort()).toEqual(labels)
  })

  it("statuses and buckets are theirs", async () => {
    const read = parseExposition(await families().registry.metrics())
    expect(read.get("github_runner_jobs_total")?.samples.map(({ labels }) => labels.status)).toEqual([
      "total",
      "success",
      "failed",
    ])
    expect(read.get("github_runner_job_duration_seconds")?.samples.flatMap(({ labels }) => labels.le ?? [])).toEqual([
      "60",
      "300",
      "600",
      "1800",
      "3600",
      "+Inf",
    ])
  })

  it("what nobody knows is declared, and has no value", async () => {
    const read = parseExposition(await families().registry.metrics())
    expect(read.get("github_runner_queue_time_seconds")?.samples).toEqual([])
    expect(read.get("github_runner_cache_hit_rate")?.samples).toEqual([])
  })
})
