import { createServer } from "node:http"
import { expect } from "vitest"
import { makeCertificate } from "../../fake-github/certificate.js"
import { caseGroup } from "../lifecycle-case.js"
import { REPOSITORY } from "../test-environment.js"

/** How long a server is away that is not noticed to be. Milliseconds. */
const AWAY = 30_000

export const FAILURES = caseGroup("What goes wrong", [
  {
    name: "token-revoked",
    proves: "a revoked token ends with 3 and the remedy, at the first answer and without the token in the log",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      github.tokens.revoke({ token: github.token })
      const { exitCode, stderr, text } = await testEnv.run({ environment: github.environment })
      expect(exitCode).toBe(3)
      expect(stderr).toMatch(
        /^error: .*refused the credentials for a registration token .*\[TOKEN_INVALID\]\n.*new one/m,
      )
      expect(text).not.toContain(github.token)
      expect(github.count("registration-token")).toBe(1)
    },
  },
  {
    name: "registration-token-expired",
    proves: "an expired registration token ends with 3, and the remedy says how long they live",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { ACCESS_TOKEN: _, ...environment } = github.environment
      const { token } = github.tokens.createForRunner("registration", github.accounts.addRepository(REPOSITORY))
      github.tokens.expire({ token })
      const { exitCode, stderr } = await testEnv.run({ environment: { ...environment, RUNNER_TOKEN: token } })
      expect(exitCode).toBe(3)
      expect(stderr).toMatch(/\[TOKEN_INVALID\]\n.*for one hour/)
    },
  },
  {
    name: "repository-not-found",
    proves: "a repository that does not exist ends with 4, and the remedy says what GitHub hides",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const environment = { ...github.environment, REPO_URL: `${github.url}/octo/mistyped` }
      const { exitCode, stderr } = await testEnv.run({ environment })
      expect(exitCode).toBe(4)
      expect(stderr).toMatch(/repos\/octo\/mistyped.*\[NOT_FOUND\]\n.*hides/)
    },
  },
  {
    name: "rate-limit",
    proves: "a rate limit is waited out, and said",
    run: async (testEnv) => {
      const github = await testEnv.github()
      github.faults.add({ path: "*/registration-token", limit: { kind: "primary", seconds: 3 } })
      github.faults.add({ path: "*/registration-token", limit: { kind: "secondary", seconds: 2 } })
      const container = await testEnv.start({ environment: github.environment })
      await container.lines.waitFor(/rate limit, trying again in \d+ s/, testEnv.timeout(20))
      await testEnv.untilListening(container, 60)
      expect(github.faults.pending()).toEqual([])
      const times = github.requests.list("registration-token").map(({ at }) => Date.parse(at))
      const [first = 0, second = 0, third = 0] = times
      expect(times.length).toBe(3)
      expect(second - first).toBeGreaterThanOrEqual(2000)
      expect(third - second).toBeGreaterThanOrEqual(2000)
    },
  },
  {
    name: "server-down-at-start",
    proves: "a server that is away for 30 s when the container starts is waited for",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await github.down()
      const container = await testEnv.start({ environment: github.environment })
      await container.lines.waitFor(/connection refused, trying again in/, testEnv.timeout(20))
      const back = setTimeout(() => void github.up(), AWAY)
      testEnv.defer(() => clearTimeout(back))
      await container.lines.waitFor(/Listening for Jobs$/, AWAY + testEnv.timeout(30))
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "server-down-for-good",
    proves: "a server that stays away ends with 5 after two and a half minutes, and the log says what was tried",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await github.down()
      const { exitCode, stderr, text } = await testEnv.run({ environment: github.environment }, 200)
      expect(exitCode).toBe(5)
      expect(stderr).toMatch(/^error: .*connection refused.* \[NETWORK\]\n\S/m)
      expect(text.match(/trying again in/g)?.length).toBeGreaterThan(3)
    },
  },
  {
    name: "server-down-while-idle",
    proves:
      "a server that is away for 30 s is reconnected to: the container stays healthy, says it is not ready, and takes a job then",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const port = container.options.environment?.METRICS_PORT ?? ""
      const status = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status
      await testEnv.until("it is ready", async () => (await status("/ready")) === 200)
      await github.down()
      const back = setTimeout(() => void github.up(), AWAY)
      testEnv.defer(() => clearTimeout(back))
      await container.lines.waitFor(/Retrying until reconnected/, testEnv.timeout(20))
      await testEnv.until("it is not ready", async () => (await status("/ready")) === 503, 5)
      expect(await status("/health")).toBe(200)
      await container.lines.waitFor(/Runner reconnected\.$/, AWAY + testEnv.timeout(20))
      expect((await github.done(["true"])).result).toBe("Succeeded")
      expect(await status("/ready")).toBe(200)
    },
  },
  {
    name: "server-errors-passing",
    proves: "an answer 503, a broken connection and a lost answer are tried again; the runner is registered once",
    run: async (testEnv) => {
      const github = await testEnv.github()
      github.faults.add({ path: "*/registration-token", status: 503 })
      github.faults.add({ path: "*/registration-token", drop: "connection" })
      github.faults.add({ path: "*/registration-token", drop: "answer" })
      await testEnv.listening(github.environment)
      expect({ pending: github.faults.pending(), listed: github.list().length }).toEqual({ pending: [], listed: 1 })
    },
  },
  {
    name: "certificate-not-trusted",
    proves: "a server with an unknown certificate ends with 5, and the remedy names EXTRA_CA_CERTS",
    run: async (testEnv) => {
      const github = await testEnv.github({ certificate: await makeCertificate() })
      const { exitCode, stderr } = await testEnv.run({
        environment: { ...github.environment, GITHUB_HOST: `127.0.0.1:${github.port}` },
      })
      expect(exitCode).toBe(5)
      expect(stderr).toMatch(/certificate of 127\.0\.0\.1:\d+ is not accepted.*\[NETWORK\]\n.*EXTRA_CA_CERTS/)
    },
  },
  {
    name: "not-github",
    proves: "a web page in place of GitHub's API ends with 5",
    run: async (testEnv) => {
      const github = await testEnv.github()
      github.faults.add({ path: "*/registration-token", status: 200, body: "<h1>Sign in to the network</h1>" })
      const { exitCode, stderr } = await testEnv.run({ environment: github.environment })
      expect(exitCode).toBe(5)
      expect(stderr).toMatch(/did not answer like GitHub's API.*\[NETWORK\]/)
    },
  },
  {
    name: "version-refused-at-registration",
    proves: "a runner that is too old to be registered ends with 7",
    run: async (testEnv) => {
      const github = await testEnv.github()
      Object.assign(github.settings, { minimumRunnerVersion: "99.0.0", refuseVersionAt: "registration" })
      const { exitCode, stderr } = await testEnv.run({ environment: github.environment })
      expect(exitCode).toBe(7)
      expect(stderr).toMatch(/\[VERSION_REFUSED\]\nUse a newer image/)
    },
  },
  {
    name: "version-refused-later",
    proves: "a registered runner that GitHub gives no jobs, since it is too old, ends with 7 and leaves the list",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      Object.assign(github.settings, { minimumRunnerVersion: "99.0.0", refuseVersionAt: "messages" })
      const { exitCode, stderr } = await testEnv.run({ environment: github.environment }, 60)
      expect(exitCode).toBe(7)
      expect(stderr).toMatch(/\[VERSION_REFUSED\]\nUse a newer image/)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "conflicting-variables",
    proves: "variables that contradict each other end with 10, and all of them are named",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { exitCode, stderr } = await testEnv.run({
        environment: { ...github.environment, APP_ID: "1", APP_PRIVATE_KEY: "key" },
      })
      expect(exitCode).toBe(10)
      expect(stderr).toMatch(/ACCESS_TOKEN/)
      expect(stderr).toMatch(/APP_ID/)
      expect(stderr).toMatch(/\[CONFIGURATION\]/)
      expect(github.requests.list()).toEqual([])
    },
  },
  {
    name: "session-conflict",
    proves:
      "a second container with the first one's registration waits for its session to end, and ends with 2 when it does not",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await testEnv.folder(0o777)
      const environment = {
        ...github.environment,
        CONFIGURED_ACTIONS_RUNNER_FILES_DIR: "/registration",
        DISABLE_AUTOMATIC_DEREGISTRATION: "true",
        ACT_RUNNER_SECONDS: "retry=0.5,conflict=2",
      }
      const mounts = [{ kind: "bind", source, target: "/registration" }] as const
      await testEnv.listening(environment, { mounts })
      const second = await testEnv.run({ environment, mounts }, 300)
      expect(second.exitCode).toBe(2)
      expect(second.stderr).toMatch(/another runner is connected to GitHub under this runner's name \[REGISTRATION\]/)
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "variable-mistyped",
    proves: "a variable that is nearly a known one brings a hint with the known one's name",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { REPO_URL, ...environment } = github.environment
      const { exitCode, stderr } = await testEnv.run({ environment: { ...environment, REPO_ULR: REPO_URL ?? "" } })
      expect(exitCode).toBe(10)
      expect(stderr).toMatch(/REPO_ULR.*REPO_URL/)
    },
  },
  {
    name: "option-mistyped",
    proves: "an option that does not exist ends with 10 and a hint",
    run: async (testEnv) => {
      const { exitCode, stderr } = await testEnv.run({ args: ["--verison"] })
      expect(exitCode).toBe(10)
      expect(stderr).toMatch(/--verison \[CONFIGURATION\]\nDid you mean --version\?/)
    },
  },
  {
    name: "nothing-given",
    proves: "a container without any variable ends with 10, and says what is needed at least",
    run: async (testEnv) => {
      const { exitCode, stderr } = await testEnv.run({})
      expect(exitCode).toBe(10)
      expect(stderr).toMatch(/REPO_URL/)
      expect(stderr).toMatch(/ACCESS_TOKEN/)
    },
  },
  {
    name: "bad-configurations",
    proves: "bad values end with 10 before GitHub is asked, each with its variable's name, and without a stack trace",
    run: async (testEnv) => {
      const github = await testEnv.github()
      for (const [name, value] of BAD_VALUES) {
        const { exitCode, stderr } = await testEnv.run({ environment: { ...github.environment, [name]: value } })
        const stack = /^\s+at /m.test(stderr)
        expect({ name, exitCode, named: stderr.includes(name), stack }).toEqual({
          ...{ name, exitCode: 10, named: true, stack: false },
        })
      }
      expect(github.requests.list()).toEqual([])
    },
  },
  {
    name: "docker-service",
    proves: "START_DOCKER_SERVICE ends with 10 and says how jobs get Docker without a daemon in the image",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { exitCode, stderr } = await testEnv.run({
        environment: { ...github.environment, START_DOCKER_SERVICE: "true" },
      })
      expect(exitCode).toBe(10)
      expect(stderr).toMatch(/\[CONFIGURATION\]\n.*\/var\/run\/docker\.sock/)
    },
  },
  {
    name: "metrics-port-busy",
    proves: "a metrics port that is taken is a warning; the runner works without metrics",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.container({ environment: github.environment })
      const server = createServer()
      const port = Number(container.options.environment?.METRICS_PORT)
      await new Promise<void>((resolve) => server.listen(port, resolve))
      testEnv.defer(() => void server.close())
      container.start()
      await testEnv.untilListening(container)
      expect(container.lines.of("stderr")).toMatch(new RegExp(`warning: .*${port}`))
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
])

/** Values that no variable of the name can have. */
const BAD_VALUES = [
  ["REPO_URL", "example"],
  ["RUNNER_SCOPE", "team"],
  ["METRICS_PORT", "80000"],
  ["RUNNER_GRACEFUL_STOP_TIMEOUT", "soon"],
  ["ACCESS_TOKEN_FILE", "/run/secrets/missing"],
  ["EXTRA_CA_CERTS", "/missing.pem"],
] as const
