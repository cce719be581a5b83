import { readdir, readFile, stat, writeFile } from "node:fs/promises"
import { request, type IncomingMessage } from "node:http"
import { connect } from "node:net"
import { once } from "node:events"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, describe, expect, it, vi } from "vitest"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import type { HealthReport } from "../../../docker/runtime/src/health/health-report.js"
import { log } from "../../../docker/runtime/src/log.js"
import { startMetrics, type StartedMetrics } from "../../../docker/runtime/src/metrics/metrics.js"
import { image } from "../doctor/examination.js"
import { configurationWith } from "../doctor/configurations.js"
import { hasPromtool, parseExposition, promtool, type Sample } from "./exposition.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const at = (time: string): Date => new Date(`2026-01-02T${time}Z`)

const started: StartedMetrics[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(started.splice(0).map((one) => one.stop()))
})

interface TestEnvironment extends StartedMetrics {
  folder: string
  url: string
  warnings: string[]
  health: { -readonly [Key in keyof HealthReport]: HealthReport[Key] }
  samples: () => Promise<Sample[]>
}

/** Metrics of a runner on a free port, with their files in a folder of their own. */
async function testEnv(given: Partial<Configuration["metrics"]> = {}, folder?: string): Promise<TestEnvironment> {
  const home = folder ?? temporaryFolder("metrics")
  const warnings: string[] = []
  vi.spyOn(log, "warn").mockImplementation((line) => void warnings.push(line))
  const health = { healthy: true, ready: false, reason: "starting" }
  const configuration = configurationWith({
    name: "runner-1",
    variant: "chrome",
    authentication: { kind: "token", token: "ghp_very_secret" },
    metrics: {
      enabled: true,
      port: 0,
      file: join(home, "metrics.prom"),
      updateSeconds: 30,
      jobsLog: join(home, "jobs.log"),
      ...given,
    },
  })
  const one = await startMetrics(configuration, image, () => health)
  started.push(one)
  return {
    ...one,
    folder: home,
    url: `http://127.0.0.1:${String(one.port)}`,
    warnings,
    health,
    samples: async () => [...parseExposition(await one.metrics.text()).values()].flatMap((family) => family.samples),
  }
}

const value = (samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number | undefined =>
  samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  )?.value

/** Asks without anything that an HTTP client would do by itself. */
async function ask(
  url: string,
  method = "GET",
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const asked = request(url, { method, agent: false }).end()
  const [response] = (await once(asked, "response")) as [IncomingMessage]
  let body = ""
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

describe("the status", () => {
  it("is 1 while GitHub can give the runner a job or has, and it is connected, else 0", async () => {
    const { metrics, samples, health } = await testEnv()
    const status = async (): Promise<number | undefined> => value(await samples(), "github_runner_status")
    expect(await status()).toBe(0)
    metrics.phase("registering")
    expect(await status()).toBe(0)
    metrics.phase("listening")
    expect(await status()).toBe(0)
    health.ready = true
    expect(await status()).toBe(1)
    health.ready = false
    expect(await status()).toBe(0)
    health.ready = true
    metrics.phase("busy")
    expect(await status()).toBe(1)
    metrics.phase("stopping")
    expect(await status()).toBe(0)
  })
})

describe("jobs", () => {
  it("are counted by result, with the time between their start and their end", async () => {
    const { metrics, samples } = await testEnv()
    metrics.jobStarted("build", at("03:00:00"))
    metrics.jobCompleted("build", "Succeeded", at("03:00:30"))
    metrics.jobStarted("test (1, 2)", at("03:01:00"))
    metrics.jobCompleted("test (1, 2)", "Failed", at("03:07:40"))
    metrics.jobStarted("deploy", at("03:10:00"))
    metrics.jobCompleted("deploy", "Canceled", at("03:12:00"))
    const read = await samples()
    expect(
      ["total", "success", "failed", "cancelled"].map((status) => value(read, "github_runner_jobs_total", { status })),
    ).toEqual([3, 1, 1, 1])
    expect(
      ["60", "300", "600", "1800", "3600", "+Inf"].map((le) =>
        value(read, "github_runner_job_duration_seconds_bucket", { le }),
      ),
    ).toEqual([1, 2, 3, 3, 3, 3])
    expect(value(read, "github_runner_job_duration_seconds_sum")).toBe(30 + 400 + 120)
  })

  it("whose start was not seen have no duration; a clock that was set back makes no negative one", async () => {
    const { metrics, samples } = await testEnv()
    metrics.jobCompleted("unseen", "Succeeded", at("03:00:00"))
    metrics.jobStarted("back", at("03:00:00"))
    metrics.jobCompleted("back", "Succeeded", at("02:00:00"))
    const read = await samples()
    expect(value(read, "github_runner_jobs_total", { status: "total" })).toBe(2)
    expect(value(read, "github_runner_job_duration_seconds_count")).toBe(1)
    expect(value(read, "github_runner_job_duration_seconds_sum")).toBe(0)
  })

  it("are in the log, and counted on after a restart", async () => {
    const first = await testEnv()
    first.metrics.jobStarted("build", at("03:00:00"))
    first.metrics.jobCompleted("build", "Succeeded", at("03:00:30"))
    first.metrics.jobStarted("test", at("03:01:00"))
    await first.stop()
    expect(await readFile(join(first.folder, "jobs.log"), "utf8")).toBe(
      "2026-01-02T03:00:30Z,build,success,30,\n2026-01-02T03:01:00Z,test,running,,\n",
    )
    const second = await testEnv({}, first.folder)
    second.metrics.jobStarted("lint", at("04:00:00"))
    second.metrics.jobCompleted("lint", "Failed", at("04:00:05"))
    const read = await second.samples()
    expect(
      ["total", "success", "failed", "abandoned"].map((status) => value(read, "github_runner_jobs_total", { status })),
    ).toEqual([3, 1, 1, 1])
    expect(value(read, "github_runner_job_duration_seconds_sum")).toBe(35)
  })

  it.skipIf(!hasPromtool)(
    "leave what promtool reads: before the first, while it runs, after a success, after a failure",
    async () => {
      const { metrics, url } = await testEnv()
      const reads = async (): Promise<void> => {
        const { body } = await ask(`${url}/metrics`)
        expect(promtool(body)).toEqual({
          status: 3,
          output: 'github_runner_uptime_seconds counter metrics should have "_total" suffix\n',
        })
      }
      await reads()
      metrics.jobStarted("build", at("03:00:00"))
      await reads()
      metrics.jobCompleted("build", "Succeeded", at("03:00:30"))
      await reads()
      metrics.jobStarted("build", at("03:01:00"))
      metrics.jobCompleted("build", "Failed", at("03:01:30"))
      await reads()
    },
  )
})

describe("METRICS_FILE", () => {
  it("is there from the start, renewed every interval, and after every job", async () => {
    const { metrics, folder, health } = await testEnv({ updateSeconds: 0.2 })
    const read = () => readFile(join(folder, "metrics.prom"), "utf8")
    expect(
      value(
        [...parseExposition(await read()).values()].flatMap((family) => family.samples),
        "github_runner_status",
      ),
    ).toBe(0)
    metrics.phase("listening")
    health.ready = true
    const before = (await stat(join(folder, "metrics.prom"))).ino
    await vi.waitFor(async () =>
      expect(await read()).toContain('github_runner_status{runner_name="runner-1",runner_type="chrome"} 1'),
    )
    expect((await stat(join(folder, "metrics.prom"))).ino).not.toBe(before)
    expect((await readdir(folder)).sort()).toEqual(expect.arrayContaining(["jobs.log", "metrics.prom"]))
  })

  it("is renewed after a job, without waiting for the interval, and says in the end that the runner is gone", async () => {
    const { metrics, folder, stop, health } = await testEnv()
    const read = () => readFile(join(folder, "metrics.prom"), "utf8")
    metrics.phase("listening")
    health.ready = true
    metrics.jobCompleted("build", "Succeeded", at("03:00:00"))
    await vi.waitFor(async () =>
      expect(await read()).toContain('status="success",runner_name="runner-1",runner_type="chrome"} 1'),
    )
    await stop()
    expect(await read()).toContain('github_runner_status{runner_name="runner-1",runner_type="chrome"} 0')
    expect((await readdir(folder)).sort()).toEqual(["jobs.log", "metrics.prom"])
    expect((await stat(join(folder, "metrics.prom"))).mode & 0o777).toBe(0o644)
  })

  it("that cannot be written is told once, and so is JOBS_LOG; the rest works", async () => {
    const folder = temporaryFolder("metrics")
    await writeFile(join(folder, "file"), "")
    const { metrics, warnings, url, samples } = await testEnv(
      { file: join(folder, "file/metrics.prom"), jobsLog: "/proc/jobs.log", updateSeconds: 0.05 },
      folder,
    )
    metrics.jobStarted("build", at("03:00:00"))
    metrics.jobCompleted("build", "Succeeded", at("03:00:30"))
    await sleep(200)
    expect(warnings).toEqual([
      "JOBS_LOG /proc/jobs.log cannot be written (ENOENT); the runner works without it",
      `METRICS_FILE ${folder}/file/metrics.prom cannot be written (ENOTDIR); the runner works without it`,
    ])
    expect(value(await samples(), "github_runner_jobs_total", { status: "success" })).toBe(1)
    expect((await ask(`${url}/metrics`)).status).toBe(200)
  })
})

describe("the server", () => {
  it("gives the metrics with their type and length", async () => {
    const { url } = await testEnv()
    const { status, headers, body } = await ask(`${url}/metrics?name[]=x`)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "content-length": String(Buffer.byteLength(body)),
    })
    expect(parseExposition(body).size).toBe(12)
  })

  it("gives headers alone for HEAD", async () => {
    const { url } = await testEnv()
    const { status, headers, body } = await ask(`${url}/metrics`, "HEAD")
    expect([status, body, Number(headers["content-length"]) > 1000]).toEqual([200, "", true])
  })

  it("tells health and readiness, each with the reason", async () => {
    const { url, health, metrics } = await testEnv()
    const { status, headers, body } = await ask(`${url}/health`)
    expect([status, headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"])
    expect(JSON.parse(body)).toEqual({
      status: "healthy",
      reason: "starting",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      runner_id: "runner-1",
      type: "chrome",
      uptime: expect.any(Number) as number,
      last_job: null,
    })
    const notReady = await ask(`${url}/ready`)
    expect([notReady.status, JSON.parse(notReady.body)]).toMatchObject([
      503,
      { status: "not ready", reason: "starting" },
    ])

    Object.assign(health, { healthy: false, ready: true, reason: "the listener is dead" })
    metrics.jobCompleted("build", "Succeeded", at("03:00:00"))
    const ill = await ask(`${url}/health`)
    expect([ill.status, JSON.parse(ill.body)]).toMatchObject([
      503,
      { status: "unhealthy", reason: "the listener is dead", last_job: "2026-01-02T03:00:00.000Z" },
    ])
    expect((await ask(`${url}/ready`)).status).toBe(200)
    expect((await ask(`${url}/health`, "HEAD")).status).toBe(503)
  })

  it.each([
    ["GET", "/", 404],
    ["GET", "/metrics/", 404],
    ["POST", "/nothing", 404],
    ["GET", "/constructor", 404],
    ["GET", "/../etc/passwd", 404],
    ["POST", "/metrics", 405],
    ["DELETE", "/health", 405],
    ["OPTIONS", "/ready", 405],
  ])("answers %s %s with %i", async (method, path, status) => {
    const { url } = await testEnv()
    const answer = await ask(`${url}${path}`, method)
    expect(answer.status).toBe(status)
    expect(answer.headers.allow).toBe(status === 405 ? "GET, HEAD" : undefined)
    expect(answer.headers["content-length"]).toBe(String(Buffer.byteLength(answer.body)))
  })

  it("is on all interfaces, and outlives clients that send nonsense", async () => {
    const { port = 0, url } = await testEnv()
    const client = connect(port, "127.0.0.2", () => client.end("nonsense\r\n\r\n"))
    const [data] = (await once(client, "data")) as [Buffer]
    expect(String(data)).toMatch(/^HTTP\/1\.1 400 /)
    expect((await ask(`${url}/metrics`)).status).toBe(200)
  })

  it("tells no secret", async () => {
    const { url } = await testEnv()
    for (const path of ["/metrics", "/health", "/ready", "/"]) {
      const { headers, body } = await ask(`${url}${path}`)
      expect(JSON.stringify([headers, body])).not.toContain("ghp_")
    }
  })

  it("whose port is in use is a warning, and everything else works", async () => {
    const first = await testEnv()
    const { port, warnings, metrics, folder } = await testEnv({ port: first.port ?? 0 })
    expect(port).toBeUndefined()
    expect(warnings).toEqual([
      `METRICS_PORT ${String(first.port)} is in use; set another one if containers share a network; the runner works without metrics over HTTP`,
    ])
    expect(await metrics.text()).toContain("github_runner_info")
    expect(await readFile(join(folder, "metrics.prom"), "utf8")).toContain("github_runner_info")
  })

  it("stops although a client keeps its connection", async () => {
    const { port = 0, stop } = await testEnv()
    const client = connect(port, "127.0.0.1")
    await once(client, "connect")
    const closed = once(client, "close")
    client.on("error", () => undefined)
    await stop()
    await closed
  })

  it("is off with METRICS_ENABLED=false, and so are the files", async () => {
    const folder = temporaryFolder("metrics")
    const { port, metrics, stop } = await testEnv({ enabled: false }, folder)
    metrics.jobStarted("build", at("03:00:00"))
    metrics.jobCompleted("build", "Succeeded", at("03:00:30"))
    await stop()
    expect(port).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
    expect(await metrics.text()).toContain(
      'github_runner_jobs_total{status="success",runner_name="runner-1",runner_type="chrome"} 1',
    )
  })
})
