import { readFileSync } from "node:fs"
import { expect } from "vitest"
import { isNative } from "../emulation.js"
import { caseGroup } from "../lifecycle-case.js"
import { listenerOf } from "../listener-process.js"
import { appKey, installApp } from "./registration.js"

export const STOPPING = caseGroup("Stopping and starting again", [
  {
    name: "sigterm-idle",
    proves:
      "SIGTERM takes an idle runner off GitHub's list at once; the container ends with 0 and leaves no configuration",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const before = performance.now()
      expect((await testEnv.stop(container, "TERM")).exitCode).toBe(0)
      expect(performance.now() - before).toBeLessThan(testEnv.timeout(10))
      expect({ listed: github.list(), tokens: github.count("remove-token") }).toEqual({ listed: [], tokens: 0 })
      expect(() => readFileSync(container.written("home/runner/.runner"))).toThrow("ENOENT")
    },
  },
  {
    name: "sigint-idle",
    proves: "SIGINT does the same",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      expect((await testEnv.stop(container, "INT")).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "sigquit-idle",
    proves: "SIGQUIT does the same",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      expect((await testEnv.stop(container, "QUIT")).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "sigterm-while-registering",
    proves: "SIGTERM during the registration leaves nothing on GitHub's list",
    run: async (testEnv) => {
      const github = await testEnv.github()
      github.faults.add({ path: "*/actions/runners/register", delay: 1500 })
      const container = await testEnv.start({ environment: github.environment })
      await testEnv.until("it registers", () => github.count("actions/runners/register") > 0)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      await testEnv.until("it is off the list", () => github.list().length === 0, 5)
    },
  },
  {
    name: "sigterm-busy",
    proves: "SIGTERM lets a running job end, and the runner leaves GitHub's list then; no other job is begun and lost",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, RUNNER_GRACEFUL_STOP_TIMEOUT: "300" })
      const job = await github.busy(container, ["sleep 3; echo done"])
      await container.kill("TERM")
      const next = github.job(["true"], { name: "next" })
      expect((await container.ended(testEnv.timeout(60))).exitCode).toBe(0)
      expect({ job: job.result, listed: github.list() }).toEqual({ job: "Succeeded", listed: [] })
      // GitHub may hand one out before it lets the runner go.
      expect(["queued", "Succeeded"]).toContain(next.result ?? next.status)
    },
  },
  {
    name: "sigterm-busy-too-long",
    proves: "a job that runs on after RUNNER_GRACEFUL_STOP_TIMEOUT is cancelled, and the runner leaves",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, RUNNER_GRACEFUL_STOP_TIMEOUT: "2" })
      const job = await github.busy(container, ["sleep 600"])
      expect((await testEnv.stop(container, "TERM", 60)).exitCode).toBe(0)
      expect({ job: job.result, listed: github.list() }).toEqual({ job: "Canceled", listed: [] })
    },
  },
  {
    name: "second-signal",
    proves:
      "a second signal waits for no job: it is cancelled, the runner leaves where five seconds are enough for it, and the container ends with 143",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, RUNNER_GRACEFUL_STOP_TIMEOUT: "600" })
      const job = await github.busy(container, ["sleep 600"])
      await container.kill("TERM")
      await container.lines.waitFor(/waiting up to 600 s for the job/, testEnv.timeout(10))
      expect((await testEnv.stop(container, "TERM", 60)).exitCode).toBe(143)
      expect(job.result).toBe("Canceled")
      // Whoever is in a hurry leaves five seconds for that, which is too little under emulation.
      if (isNative(testEnv.platform)) expect(github.list()).toEqual([])
    },
  },
  {
    name: "sigkill-then-restart",
    proves: "after SIGKILL a start on the same files removes the stale configuration and registers again",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, RUNNER_NAME: "phoenix" })
      expect((await testEnv.stop(container, "KILL")).exitCode).toBe(137)
      expect(readFileSync(container.written("home/runner/.runner"), "utf8")).toContain("phoenix")
      container.start()
      await testEnv.untilListening(container)
      expect(container.lines.text).toMatch(/removed the configuration of an earlier start: .*\.runner/)
      expect(github.only.name).toBe("phoenix")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "sigkill-then-restart-unnamed",
    proves:
      "a container that nobody gave a runner's name takes its own place again after SIGKILL: no second runner is listed",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const { id, name } = github.only
      await testEnv.stop(container, "KILL")
      container.start()
      await testEnv.untilListening(container)
      expect([github.only.id, github.only.name]).toEqual([id, name])
      const ephemeral = await testEnv.listening({ ...github.environment, RUNNER_EPHEMERAL: "true" })
      expect(github.list().length).toBe(2)
      await testEnv.stop(ephemeral, "KILL")
      ephemeral.start()
      await testEnv.untilListening(ephemeral)
      expect(github.list().length).toBe(2)
    },
  },
  {
    name: "sigkill-busy-then-restart",
    proves: "a job that died with its runner is counted as abandoned after the restart",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, RUNNER_NAME: "phoenix" })
      await github.busy(container, ["sleep 600"])
      // The job's line is written when the runner has told of it.
      await testEnv.until("the job is in the job log", () =>
        readFileSync(container.written("tmp/jobs.log"), "utf8").includes("running"),
      )
      await testEnv.stop(container, "KILL")
      container.start()
      await testEnv.untilListening(container)
      const port = container.options.environment?.METRICS_PORT ?? ""
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      expect(metrics).toMatch(/^github_runner_jobs_total\{status="abandoned",.*\} 1$/m)
    },
  },
  {
    name: "stop-then-restart",
    proves: "a container that was stopped can be started again on the same files",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      container.start()
      await testEnv.untilListening(container)
      expect((await github.done(["true"])).result).toBe("Succeeded")
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "token-older-than-an-hour",
    proves:
      "a runner whose registration token has expired is removed all the same: the API does that, by the runner's id",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      expect(github.tokens.expire({ kind: "registration" })).toBe(1)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect({ listed: github.list(), tokens: github.count("remove-token") }).toEqual({ listed: [], tokens: 0 })
    },
  },
  {
    name: "app-token-older-than-an-hour",
    proves: "an App's runner whose installation token has expired authenticates again for its removal",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const key = appKey()
      const container = await testEnv.listening({ ...installApp(github, key), APP_PRIVATE_KEY: key })
      github.tokens.expire({ kind: "registration" })
      expect(github.tokens.expire({ kind: "installation" })).toBeGreaterThan(0)
      const before = github.count("access_tokens")
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.count("access_tokens")).toBeGreaterThan(before)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "token-revoked-while-running",
    proves: "a runner that cannot leave since its token was revoked says so, and ends with 3",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      github.tokens.revoke({ token: github.token })
      const { exitCode, stderr } = await testEnv.stop(container)
      expect(exitCode).toBe(3)
      expect(stderr).toMatch(/refused the credentials for .* \[TOKEN_INVALID\]/)
      expect(github.list().length).toBe(1)
    },
  },
  {
    name: "no-deregistration",
    proves: "DISABLE_AUTOMATIC_DEREGISTRATION=true leaves the runner on GitHub's list",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, DISABLE_AUTOMATIC_DEREGISTRATION: "true" })
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect({ listed: github.list().length, tokens: github.count("remove-token") }).toEqual({ listed: 1, tokens: 0 })
    },
  },
  {
    name: "registration-reused",
    proves: "a registration in CONFIGURED_ACTIONS_RUNNER_FILES_DIR outlives the container, and is used by the next",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await testEnv.folder(0o777)
      const environment = {
        ...github.environment,
        RUNNER_NAME: "kept",
        DISABLE_AUTOMATIC_DEREGISTRATION: "true",
        CONFIGURED_ACTIONS_RUNNER_FILES_DIR: "/registration",
      }
      const mounts = [{ kind: "bind", source, target: "/registration" }] as const
      const first = await testEnv.listening(environment, { mounts })
      const { id } = github.only
      expect((await testEnv.stop(first)).exitCode).toBe(0)
      await testEnv.listening(environment, { mounts })
      expect({ id: github.only.id, asked: github.count("registration-token") }).toEqual({ id, asked: 1 })
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "removed-by-somebody",
    proves: "a runner that somebody removed in GitHub's settings ends with 2, so that a restart registers it again",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      github.runners.remove(github.only)
      github.jobs.changed()
      expect((await container.ended(testEnv.timeout(30))).exitCode).toBe(2)
      expect(container.lines.of("stderr")).toMatch(/GitHub no longer has this runner.* \[REGISTRATION\]/)
    },
  },
  {
    name: "listener-killed",
    proves: "when the listener is killed the container ends with 1, after the runner left GitHub's list",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      process.kill((await listenerOf(container)).hostPid, "SIGKILL")
      expect((await container.ended(testEnv.timeout(30))).exitCode).toBe(1)
      expect(container.lines.of("stderr")).toMatch(/\[UNCLASSIFIED\]/)
      expect(github.list()).toEqual([])
    },
  },
])
