import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { hasPromtool, parseExposition, promtool, type Family } from "../../runtime/metrics/exposition.js"
import type { Container } from "../container.js"
import { probeHealth } from "../health-monitor.js"
import { caseGroup } from "../lifecycle-case.js"
import { listenerOf, listenerScripts } from "../listener-process.js"
import { supervisorOf } from "../supervisor-process.js"
import { jitConfiguration } from "./registration.js"

/** As `--health-interval` of one second, for cases that are not about how long it takes. */
const OFTEN = { interval: 1000 }

async function get(container: Container, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${container.options.environment?.METRICS_PORT ?? ""}${path}`)
  return { status: response.status, text: await response.text() }
}

/** Reads metrics strictly, and by Prometheus' own program where there is one. */
async function readMetrics(container: Container): Promise<ReadonlyMap<string, Family>> {
  const { text } = await get(container, "/metrics")
  if (hasPromtool) {
    const { status, output } = promtool(text)
    // 3: a name that it would not choose, which dashboards ask for all the same.
    expect([0, 3], output).toContain(status)
  }
  return parseExposition(text)
}

/** Counts by status. */
function jobs(families: ReadonlyMap<string, Family>): Record<string, number> {
  const samples = families.get("github_runner_jobs_total")?.samples ?? []
  return Object.fromEntries(samples.map(({ labels, value }) => [labels.status ?? "", value]))
}

function durations(families: ReadonlyMap<string, Family>): number | undefined {
  const samples = families.get("github_runner_job_duration_seconds")?.samples ?? []
  return samples.find(({ name }) => name.endsWith("_count"))?.value
}

export const HEALTH = caseGroup("Health and metrics", [
  {
    name: "healthy-once-registered",
    proves: "the health check fails while the runner registers, holds when it listens, and fails when it has ended",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      github.faults.add({ path: "*/registration-token", delay: testEnv.timeout(3) })
      const container = await testEnv.start({ environment: github.environment })
      await testEnv.until("a token is asked for", () => github.count("registration-token") > 0)
      expect(await probeHealth(container)).toMatchObject({
        exitCode: 1,
        output: expect.stringMatching(/^starting: registering/) as unknown,
      })
      await testEnv.untilListening(container)
      await testEnv.until("it is healthy", async () => (await probeHealth(container)).exitCode === 0)
      expect(await probeHealth(container)).toMatchObject({ exitCode: 0, output: "healthy: listening" })
    },
  },
  {
    name: "unhealthy-when-listener-is-killed",
    proves: "after the listener is killed, the image's health check fails at its next run, on its own interval",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const monitor = testEnv.monitor(container)
      const { interval, timeout } = monitor.times
      await monitor.until(() => monitor.status === "healthy", interval + testEnv.timeout(timeout / 1000))
      // Scripts that hang, so that nobody but the health check can tell.
      const scripts = await listenerScripts(container)
      for (const { hostPid } of scripts) process.kill(hostPid, "SIGSTOP")
      process.kill((await listenerOf(container)).hostPid, "SIGKILL")
      const killed = performance.now()
      const failing = (): boolean => monitor.probes.some(({ at, exitCode }) => at > killed && exitCode !== 0)
      await monitor.until(failing, interval + timeout)
      expect(monitor.probes.at(-1)).toMatchObject({ exitCode: 1, output: "unhealthy: the listener is gone" })
      expect((await get(container, "/health")).status).toBe(503)
      await monitor.stop()
      for (const { hostPid } of scripts) process.kill(hostPid, "SIGCONT")
      expect((await container.ended(testEnv.timeout(30))).exitCode).toBe(1)
    },
  },
  {
    name: "unhealthy-when-stopped",
    proves: "a stopped supervisor is unhealthy, and so is a stopped listener; let go on, they are healthy again",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const healthy = { exitCode: 0, output: "healthy: listening" }
      await testEnv.until("it is healthy", async () => (await probeHealth(container)).exitCode === 0)
      for (const [what, { hostPid }] of [
        ["program", await supervisorOf(container)],
        ["listener", await listenerOf(container)],
      ] as const) {
        process.kill(hostPid, "SIGSTOP")
        expect(await probeHealth(container)).toMatchObject({ exitCode: 1, output: `unhealthy: the ${what} is stopped` })
        process.kill(hostPid, "SIGCONT")
        await testEnv.until("it goes on", async () => (await probeHealth(container)).exitCode === 0)
        expect(await probeHealth(container)).toMatchObject(healthy)
      }
    },
  },
  {
    name: "state-replaced-by-link",
    proves:
      "a job that puts a link to an endless file in the state's place makes no health check read it, and the next state replaces it",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const folders = "/run/runner-images /dev/shm/runner-images-1001 /tmp/runner-images-1001"
      const { stdout: state } = await container.exec(["sh", "-c", `find ${folders} -name state.json 2>&- | head -n 1`])
      expect(state).toMatch(/state\.json$/)
      const job = await github.busy(container, [
        `ln -sf /dev/zero ${state}; while [ ! -e /tmp/enough ]; do sleep 0.1; done`,
      ])
      await testEnv.until("the link is there", async () => (await container.exec(["test", "-L", state])).exitCode === 0)
      const { command, times } = container.image.health
      for (const user of ["0:0", "1001:1001"]) {
        const { exitCode, stdout } = await container.exec(command, { user, timeout: times.timeout })
        expect({ user, exitCode, stdout }).toEqual({
          user,
          exitCode: 1,
          stdout: "unhealthy: no runner was started here",
        })
      }
      await container.exec(["touch", "/tmp/enough"])
      expect((await github.waitForJob(job, "completed", testEnv.timeout(20))).result).toBe("Succeeded")
      await testEnv.until("it is healthy", async () => (await probeHealth(container)).exitCode === 0)
    },
  },
  {
    name: "healthy-while-busy",
    proves: "a runner with a job is healthy, and says that it is busy",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const job = await github.busy(container, ["while [ ! -e /tmp/enough ]; do sleep 0.1; done"])
      expect(await probeHealth(container)).toMatchObject({ exitCode: 0, output: "healthy: busy" })
      await container.exec(["touch", "/tmp/enough"])
      expect((await github.waitForJob(job, "completed", testEnv.timeout(20))).result).toBe("Succeeded")
    },
  },
  {
    name: "healthy-by-another-entry-point",
    proves:
      "where run.sh is the entry point, the health check holds while the listener runs, and fails while it is stopped",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(
        { ...github.server, ACTIONS_RUNNER_INPUT_JITCONFIG: await jitConfiguration(github) },
        { entrypoint: ["/home/runner/run.sh"] },
      )
      const reason = (condition: string): string => `the listener is ${condition}; another entry point started it`
      expect(await probeHealth(container)).toMatchObject({ exitCode: 0, output: `healthy: ${reason("running")}` })
      const { hostPid } = await listenerOf(container)
      process.kill(hostPid, "SIGSTOP")
      expect(await probeHealth(container)).toMatchObject({ exitCode: 1, output: `unhealthy: ${reason("stopped")}` })
      process.kill(hostPid, "SIGCONT")
    },
  },
  {
    name: "skip-registration",
    proves: "RUNNER_SKIP_REGISTRATION starts everything but the runner: healthy, with metrics, and GitHub is not asked",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.start({ environment: { ...github.server, RUNNER_SKIP_REGISTRATION: "true" } })
      const monitor = testEnv.monitor(container, OFTEN)
      await monitor.until(() => monitor.status === "healthy", testEnv.timeout(20))
      expect((await readMetrics(container)).has("github_runner_status")).toBe(true)
      await monitor.stop()
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.requests.list()).toEqual([])
    },
  },
  {
    name: "metrics",
    proves:
      "Prometheus accepts the metrics before the first job, after a success and after a failure, and the counts are true",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const before = await readMetrics(container)
      expect({ jobs: jobs(before), durations: durations(before) }).toEqual({
        jobs: { total: 0, success: 0, failed: 0 },
        durations: 0,
      })
      await github.done(["true"])
      await container.lines.waitFor(/completed with result: Succeeded$/, testEnv.timeout(10))
      const success = await readMetrics(container)
      expect({ jobs: jobs(success), durations: durations(success) }).toEqual({
        jobs: { total: 1, success: 1, failed: 0 },
        durations: 1,
      })
      await github.done(["false"])
      await container.lines.waitFor(/completed with result: Failed$/, testEnv.timeout(10))
      const failure = await readMetrics(container)
      expect({ jobs: jobs(failure), durations: durations(failure) }).toEqual({
        jobs: { total: 2, success: 1, failed: 1 },
        durations: 2,
      })
      const [status] = failure.get("github_runner_status")?.samples ?? []
      expect({ value: status?.value, name: status?.labels.runner_name }).toEqual({ value: 1, name: github.only.name })
      const [info] = failure.get("runner_images_build_info")?.samples ?? []
      expect(info?.labels.platform).toBe(testEnv.platform)
    },
  },
  {
    name: "metrics-file",
    proves: "METRICS_FILE is written on its interval, and tells at the end that the runner is gone",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await testEnv.folder(0o777)
      const environment = { METRICS_FILE: "/metrics/runner.prom", METRICS_UPDATE_INTERVAL: "1" }
      const mounts = [{ kind: "bind", source, target: "/metrics" }] as const
      const container = await testEnv.listening({ ...github.environment, ...environment }, { mounts })
      const status = (): number | undefined =>
        parseExposition(readFileSync(join(source, "runner.prom"), "utf8")).get("github_runner_status")?.samples[0]
          ?.value
      await testEnv.until("it is online", () => status() === 1, 5)
      await testEnv.stop(container)
      expect(status()).toBe(0)
    },
  },
  {
    name: "metrics-disabled",
    proves: "METRICS_ENABLED=false serves nothing, and the runner works",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, METRICS_ENABLED: "false" })
      await expect(get(container, "/metrics")).rejects.toThrow("fetch failed")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
])
