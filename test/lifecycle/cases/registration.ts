import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect } from "vitest"
import { PLATFORMS, spelling } from "../../../dagger/src/core/platforms.js"
import { makeCertificate } from "../../fake-github/certificate.js"
import type { TestEnvironment, TestGitHub } from "../test-environment.js"
import { REPOSITORY } from "../test-environment.js"
import { caseGroup } from "../lifecycle-case.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

let count = 0

/** An address of this host that no other server has, nor one of another run of the tests, so that the usual port is free. */
function ownAddress(): string {
  return `127.${1 + ((process.pid >> 8) % 254)}.${process.pid & 0xff}.${++count}`
}

/** A GitHub App's key, as GitHub hands it out. */
export function appKey(): string {
  return rsaKeyPair().privateKey.export({ type: "pkcs1", format: "pem" }).toString()
}

/** Installs an App for the repository's owner. @returns its variables, the key apart */
export function installApp(github: TestGitHub, key: string): Record<string, string> {
  const app = github.apps.add(key)
  github.apps.install(app, "octo")
  const { ACCESS_TOKEN: _, ...environment } = github.environment
  return { ...environment, APP_ID: String(app.id) }
}

/** A just-in-time configuration, as a client of the API gets it. */
export async function jitConfiguration(github: TestGitHub, name = "jit"): Promise<string> {
  const response = await fetch(`${github.api}/repos/${REPOSITORY}/actions/runners/generate-jitconfig`, {
    method: "POST",
    headers: { authorization: `Bearer ${github.token}`, "user-agent": "test" },
    body: JSON.stringify({ name, runner_group_id: 1, labels: ["self-hosted"], work_folder: "_work" }),
  })
  const { encoded_jit_config } = (await response.json()) as { encoded_jit_config: string }
  return encoded_jit_config
}

/** A file of the host that the container's user may read, in a folder of its own. */
export async function file(testEnv: TestEnvironment, name: string, text: string, mode = 0o644): Promise<string> {
  const path = join(await testEnv.folder(), name)
  await writeFile(path, text, { mode })
  return path
}

export const REGISTRATION = caseGroup("Registration and jobs", [
  {
    name: "register-and-run-job",
    proves: "the runner registers, says so in the runner's own words, takes a job and reports its success",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const job = await github.done(["echo hello > greeting", "cat greeting; uname -m"])
      expect(job).toMatchObject({ result: "Succeeded", runner: { name: github.only.name } })
      expect(job.log.split("\n")).toEqual(expect.arrayContaining(["hello", spelling(testEnv.platform).uname]))
      expect(container.lines.count(/^√ Connected to GitHub$/)).toBeGreaterThan(0)
      await container.lines.waitFor(/: Job build completed with result: Succeeded$/, testEnv.timeout(5))
    },
  },
  {
    name: "two-jobs",
    proves: "a persistent runner takes one job after the other",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await testEnv.listening(github.environment)
      const results = [await github.done(["true"]), await github.done(["true"])]
      expect(results.map(({ result }) => result)).toEqual(["Succeeded", "Succeeded"])
      expect(github.list().length).toBe(1)
    },
  },
  {
    name: "ephemeral-leaves",
    proves:
      "an ephemeral runner does one job, is off GitHub's list then, and its container ends with 0; it takes no registration token",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, EPHEMERAL: "true" })
      expect(github.only.ephemeral).toBe(true)
      const second = github.job(["true"], { name: "second", labels: ["self-hosted", "later"] })
      expect((await github.done(["true"])).result).toBe("Succeeded")
      expect((await container.ended(testEnv.timeout(20))).exitCode).toBe(0)
      expect({ listed: github.list(), second: second.status }).toEqual({ listed: [], second: "queued" })
      expect(github.count("registration-token")).toBe(0)
    },
  },
  {
    name: "failing-step",
    proves: "a step that fails fails its job and nothing else: the next job runs",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await testEnv.listening(github.environment)
      const failed = await github.done(["exit 3", "echo never"])
      expect(failed).toMatchObject({ result: "Failed", stepResults: expect.any(Array) as unknown })
      expect(failed.stepResults.find(({ result }) => result === "Failed")?.exitCode).toBe(3)
      expect(failed.log).not.toContain("never\n")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "job-cancelled",
    proves: "a job that is cancelled on GitHub ends as such, and the next job runs",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await testEnv.listening(github.environment)
      const job = github.job(["sleep 600"])
      await github.running(job)
      github.jobs.cancel(job)
      expect((await github.waitForJob(job, "completed", testEnv.timeout(30))).result).toBe("Canceled")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "organization-scope",
    proves: "a runner for an organisation takes the jobs of its repositories",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { server, token } = github
      await testEnv.listening({ ...server, RUNNER_SCOPE: "org", ORG_NAME: "octo", ACCESS_TOKEN: token })
      expect(github.only.target.path).toBe("orgs/octo")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "enterprise-scope",
    proves: "a runner for an enterprise takes the jobs of its organisations' repositories",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { server, token } = github
      github.accounts.addEnterprise("octo-inc", ["octo"])
      await testEnv.listening({ ...server, RUNNER_SCOPE: "ent", ENTERPRISE_NAME: "octo-inc", ACCESS_TOKEN: token })
      expect(github.only.target.path).toBe("enterprises/octo-inc")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "runner-group",
    proves: "RUNNER_GROUP puts the runner into a group of the organisation",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { id } = github.accounts.addGroup(github.accounts.addOrganization("octo"), "team")
      const { server, token } = github
      await testEnv.listening({
        ...server,
        ORG_RUNNER: "true",
        ORG_NAME: "octo",
        ACCESS_TOKEN: token,
        RUNNER_GROUP: "team",
      })
      expect(github.only.group).toBe(id)
    },
  },
  {
    name: "enterprise-server",
    proves:
      "GITHUB_HOST leads to GitHub Enterprise Server: its API below /api/v3, over HTTPS with a certificate of its own",
    run: async (testEnv) => {
      const certificate = await makeCertificate()
      const github = await testEnv.github({ certificate })
      const source = await file(testEnv, "ca.pem", certificate.cert)
      const environment = {
        ...github.environment,
        GITHUB_HOST: `127.0.0.1:${github.port}`,
        EXTRA_CA_CERTS: "/certificates/ca.pem",
      }
      const mounts = [{ kind: "bind", source, target: "/certificates/ca.pem", readonly: true }] as const
      const container = await testEnv.listening(environment, { mounts })
      expect((await github.done(["true"])).result).toBe("Succeeded")
      const [asked] = github.requests.list("registration-token")
      expect(asked?.url).toBe(`/api/v3/repos/${REPOSITORY}/actions/runners/registration-token`)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "github-com",
    proves: "without a word on servers the runner goes to github.com and api.github.com",
    run: async (testEnv) => {
      const certificate = await makeCertificate()
      const host = ownAddress()
      const github = await testEnv.github({ host, port: 443, certificate })
      const source = await file(testEnv, "ca.pem", certificate.cert)
      const { token } = github
      await testEnv.listening(
        { GITHUB_REPOSITORY: REPOSITORY, ACCESS_TOKEN: token, EXTRA_CA_CERTS: "/certificates" },
        {
          hosts: [`${host} github.com api.github.com`],
          mounts: [{ kind: "bind", source, target: "/certificates/ca.pem", readonly: true }],
        },
      )
      const [asked] = github.requests.list("registration-token")
      expect([asked?.headers.host, asked?.url]).toEqual([
        "api.github.com",
        `/repos/${REPOSITORY}/actions/runners/registration-token`,
      ])
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "registration-token",
    proves: "a ready registration token is enough to register, and what cannot be done without more is said at the end",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { ACCESS_TOKEN: _, ...environment } = github.environment
      const target = github.accounts.addRepository("octo/other")
      const { token } = github.tokens.createForRunner("registration", target)
      const url = `${github.url}/octo/other`
      const container = await testEnv.listening({ ...environment, REPO_URL: url, RUNNER_TOKEN: token })
      expect(github.only.target.path).toBe("repos/octo/other")
      const { exitCode, stderr } = await testEnv.stop(container)
      expect(exitCode).toBe(0)
      expect(stderr).toMatch(/no credential to remove the runner with/)
      expect(github.only.session).toBe(undefined)
    },
  },
  {
    name: "app",
    proves: "a GitHub App registers the runner and removes it: APP_ID, and APP_PRIVATE_KEY in one line",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const key = appKey()
      const environment = { ...installApp(github, key), APP_PRIVATE_KEY: key.trim().replaceAll("\n", "\\n") }
      const container = await testEnv.listening(environment)
      expect((await github.done(["true"])).result).toBe("Succeeded")
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "app-key-from-file",
    proves: "APP_PRIVATE_KEY_FILE and APP_LOGIN register a runner for the App's organisation",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const key = appKey()
      const source = await file(testEnv, "app.pem", key)
      const { APP_ID = "" } = installApp(github, key)
      const app = { APP_ID, APP_LOGIN: "octo", APP_PRIVATE_KEY_FILE: "/run/secrets/app.pem" }
      await testEnv.listening(
        { ...github.server, RUNNER_SCOPE: "org", ORG_NAME: "octo", ...app },
        { mounts: [{ kind: "bind", source, target: "/run/secrets/app.pem", readonly: true }] },
      )
      expect(github.only.target.path).toBe("orgs/octo")
    },
  },
  {
    name: "token-from-file",
    proves: "ACCESS_TOKEN_FILE is read, with the line end that files have",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await file(testEnv, "token", `${github.token}\n`)
      const { ACCESS_TOKEN: _, ...environment } = github.environment
      await testEnv.listening(
        { ...environment, ACCESS_TOKEN_FILE: "/run/secrets/token" },
        { mounts: [{ kind: "bind", source, target: "/run/secrets/token", readonly: true }] },
      )
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "environment-from-file",
    proves: "ENV_FILE has variables in it, and those of the container win",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { ACCESS_TOKEN, REPO_URL, ...environment } = github.environment
      const text = `# for tests\nACCESS_TOKEN=${ACCESS_TOKEN ?? ""}\nREPO_URL="${REPO_URL ?? ""}"\nRUNNER_NAME=from-file\n`
      const source = await file(testEnv, "runner.env", text)
      await testEnv.listening(
        { ...environment, ENV_FILE: "/run/secrets/runner.env", RUNNER_NAME: "from-container" },
        { mounts: [{ kind: "bind", source, target: "/run/secrets/runner.env", readonly: true }] },
      )
      expect(github.only.name).toBe("from-container")
    },
  },
  {
    name: "just-in-time",
    proves: "a just-in-time configuration needs no registration; the runner does its one job and ends with 0",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const configuration = await jitConfiguration(github)
      const container = await testEnv.listening({ ...github.server, ACTIONS_RUNNER_INPUT_JITCONFIG: configuration })
      const job = await github.done(["env; cat /proc/1/environ /proc/$PPID/environ | tr '\\0' '\\n' || true"])
      expect(job).toMatchObject({ result: "Succeeded", runner: { name: "jit" } })
      expect(job.log).not.toContain(configuration.slice(0, 40))
      expect((await container.ended(testEnv.timeout(20))).exitCode).toBe(0)
      expect({ listed: github.list(), asked: github.count("registration-token") }).toEqual({ listed: [], asked: 0 })
    },
  },
  {
    name: "name-taken-replaced",
    proves: "a runner takes the place of a dead one that has its name",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const environment = { ...github.environment, RUNNER_NAME: "same" }
      const first = await testEnv.listening(environment)
      await testEnv.stop(first, "KILL")
      await testEnv.listening(environment)
      expect(github.only.name).toBe("same")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
  {
    name: "name-taken-refused",
    proves: "with RUNNER_REPLACE_EXISTING=false a name that is taken is a failure, with code 2 and the remedy",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const environment = { ...github.environment, RUNNER_NAME: "same", RUNNER_REPLACE_EXISTING: "false" }
      const first = await testEnv.listening(environment)
      const second = await testEnv.run({ environment })
      expect(second.exitCode).toBe(2)
      expect(second.stderr).toMatch(/a runner named same already exists \[REGISTRATION\]/)
      expect(github.only.name).toBe("same")
      expect((await testEnv.stop(first)).exitCode).toBe(0)
    },
  },
  {
    name: "labels-of-the-platform",
    proves: "the runner has the label of the machine that it is on, and never another machine's, whatever it is told",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const own = spelling(testEnv.platform).vendor
      const machines = PLATFORMS.map((platform) => spelling(platform).vendor)
      const asked = ["gpu", ...machines, ...machines.map((label) => label.toUpperCase())]
      const container = await testEnv.listening({ ...github.environment, RUNNER_LABELS: asked.join(",") })
      const labels = github.only.labels.map(({ name }) => name.toLowerCase())
      expect(labels.filter((label) => machines.some((machine) => machine === label))).toEqual([own])
      expect(labels).toEqual(expect.arrayContaining(["self-hosted", "linux", "gpu"]))
      const others = machines.filter((machine) => machine !== own)
      for (const other of others) expect(container.lines.of("stderr")).toMatch(new RegExp(`\\b${other}\\b`, "i"))
      expect((await github.done(["true"], { labels: ["self-hosted", "linux", own] })).result).toBe("Succeeded")
    },
  },
  {
    name: "name-from-prefix",
    proves: "RUNNER_NAME_PREFIX with RANDOM_RUNNER_SUFFIX=false makes a name with the container's host name",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const names = { RUNNER_NAME_PREFIX: "fleet", RANDOM_RUNNER_SUFFIX: "false" }
      await testEnv.listening({ ...github.environment, ...names }, { hostname: "box-7" })
      expect(github.only.name).toBe("fleet-box-7")
    },
  },
  {
    name: "work-folder",
    proves: "jobs work where RUNNER_WORKDIR says",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await testEnv.listening({ ...github.environment, RUNNER_WORKDIR: "/home/runner/elsewhere" })
      const job = await github.done(["pwd"])
      expect(job.log.split("\n")).toContain("/home/runner/elsewhere/example/example")
    },
  },
])
