import { request } from "node:https"
import { expect } from "vitest"
import type { Target } from "../fake-github/accounts.js"
import type { FakeGitHub } from "../fake-github/fake-github.js"
import type { Job } from "../fake-github/jobs.js"
import type { Example } from "../other-images/read-other-images.js"
import { ComposeProject } from "./compose-project.js"
import type { DockerDaemon } from "./docker-daemon.js"
import type { TestGitHub, TestNetwork } from "./test-network.js"
import { stepOutput } from "./step-output.js"
import { imageOf } from "./network-images.js"
import { otherImageCompose } from "./other-image-compose.js"

/** Which of the examples' variables have credentials. */
const CREDENTIAL = /TOKEN|PAT$/

type Outcome = NonNullable<Example["resolves"]>

/**
 * Runs an example as a compose file: it registers as the facts say, does one job, and leaves. Of the file only the image's name is another, and
 * a credential that GitHub has to make.
 */
export async function tryExample(daemon: DockerDaemon, network: TestNetwork, example: Example): Promise<void> {
  const testEnv = await network.github()
  const credentials = await prepare(testEnv, example)
  const { service } = testEnv
  const project = new ComposeProject(daemon, {
    file: otherImageCompose(example),
    override: {
      services: {
        runner: {
          ...service,
          image: imageOf(example),
          environment: { ...service.environment, ...credentials },
          ...(example.healthcheck && { healthcheck: { interval: "2s" } }),
        },
      },
    },
  })
  try {
    await project.up()
    if (example.resolves === undefined) await refuses(project, example.issues ?? [])
    else if (example.resolves.authentication === "none") await onlyTells(project, testEnv.github)
    else await works(project, testEnv, example, example.resolves)
  } finally {
    await project.down()
    await testEnv.close()
  }
}

/** Makes what an example names exist on GitHub. Returns the variables with credentials that cannot be those of the example. */
async function prepare({ github }: TestGitHub, example: Example): Promise<Record<string, string>> {
  const { authentication, target: url = "https://github.com/octo/example", group } = example.resolves ?? {}
  github.accounts.addRepository(jobsOf(url))
  if (url.includes("/enterprises/")) github.accounts.addEnterprise(url.split("/").at(-1) ?? "", ["octo"])
  const target = github.accounts.findByUrl(url)
  if (!target) throw new Error(`nothing is at ${url}`)
  if (group !== undefined) github.accounts.addGroup(target, group)
  const names = Object.keys(example.environment).filter((name) => CREDENTIAL.test(name))
  switch (authentication) {
    case "token":
      for (const name of names) github.tokens.addPersonal({ token: example.environment[name] ?? "" })
      return {}
    case "registration-token":
      return Object.fromEntries(
        names.map((name) => [name, github.tokens.createForRunner("registration", target).token]),
      )
    case "jit":
      return { ACTIONS_RUNNER_INPUT_JITCONFIG: await justInTime(github, target) }
    default:
      return {}
  }
}

/** A repository whose jobs a runner of the target takes. */
function jobsOf(url: string): string {
  const [first = "", second = "example"] = new URL(url).pathname.slice(1).split("/")
  return first === "enterprises" ? "octo/example" : `${first}/${second}`
}

/** What the Actions Runner Controller asks GitHub for, and gives to a pod. */
async function justInTime(github: FakeGitHub, target: Target): Promise<string> {
  const { token } = github.tokens.addPersonal()
  const body = JSON.stringify({ name: "scale-set-pod", runner_group_id: 1, labels: ["self-hosted"] })
  const text = await new Promise<string>((resolve, reject) => {
    const path = `/${target.path}/actions/runners/generate-jitconfig`
    // By GitHub's own name, since that is where the runner will look for it.
    const headers = { host: "api.github.com", authorization: `Bearer ${token}`, "user-agent": "arc" }
    const options = { host: "127.0.0.1", port: github.port, path, headers, rejectUnauthorized: false }
    request({ ...options, method: "POST" }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => (text += part))
      response.on("end", () => resolve(text))
    })
      .on("error", reject)
      .end(body)
  })
  const { encoded_jit_config: config } = JSON.parse(text) as { encoded_jit_config?: string }
  if (config === undefined) throw new Error(text)
  return config
}

async function refuses(project: ComposeProject, issues: readonly string[]): Promise<void> {
  expect((await project.ended(await project.container())).exitCode).toBe(10)
  const said = await project.logs()
  for (const name of issues) expect(said).toMatch(new RegExp(`\\b${name}\\b`))
}

async function onlyTells(project: ComposeProject, github: FakeGitHub): Promise<void> {
  await project.until("it tells its configuration", async () => /authentication: none/.test(await project.logs()))
  await project.done("stop")
  expect((await project.state(await project.container())).exitCode, await project.logs()).toBe(0)
  expect(github.requests.list("")).toEqual([])
}

/** Text that the example's facts stand for, as a pattern. */
function pattern(fact: string, host: string): RegExp {
  const escaped = fact.replaceAll(/[.+]/g, "\\$&").replaceAll("RANDOM", "[a-z0-9]+").replaceAll("HOSTNAME", host)
  return new RegExp(`^${escaped}`)
}

async function works(project: ComposeProject, testEnv: TestGitHub, example: Example, facts: Outcome): Promise<void> {
  const { github } = testEnv
  const container = await project.container()
  const isJustInTime = facts.authentication === "jit"
  await project.untilRunning("it is online", () =>
    github.runners.list().some((runner) => github.runners.isOnline(runner)),
  )
  const [runner] = github.runners.list()
  expect(github.runners.list()).toHaveLength(1)
  if (runner && !isJustInTime) {
    const { scope, path } = runner.target
    const labels = runner.labels.map(({ name }) => name.toLowerCase())
    expect({
      target: scope === "repository" ? path.replace("repos/", "") : path.replace("orgs/", ""),
      ephemeral: runner.ephemeral,
      updatesDisabled: runner.updatesDisabled,
      group: github.accounts.groups(runner.target).find(({ id }) => id === runner.group)?.name,
      labels: labels.sort(),
    }).toEqual({
      target: new URL(facts.target ?? "").pathname.slice(1),
      ephemeral: facts.ephemeral,
      updatesDisabled: facts.disableUpdate,
      group: facts.group ?? "Default",
      labels: facts.labels.map((label) => (label === "ARCHITECTURE" ? process.arch : label)).sort(),
    })
    expect(`${runner.name}$`).toMatch(new RegExp(`${pattern(facts.name, container.slice(0, 12)).source}\\$$`))
  }

  if (example.healthcheck)
    await project.until("it is healthy", async () => (await project.state(container)).health === "healthy")
  const job = await runJob(github, facts)
  expect(job.result, job.log).toBe("Succeeded")
  const [place = "", user, ...variables] = stepOutput(job)
  // A configuration for one run has the folder in it.
  const folder = isJustInTime ? "/home/runner/_work" : facts.workFolder
  expect(place).toMatch(pattern(folder, container.slice(0, 12)))
  expect(user).toBe(example.root && facts.runAsRoot !== false ? "0" : "1001")
  const names = variables.map((line) => line.split("=")[0] ?? "")
  expect(names.filter((name) => facts.hiddenFromJobs.includes(name) || CREDENTIAL.test(name))).toEqual([])
  if (example.environment.https_proxy !== undefined) expect(testEnv.proxied()).toContain("api.github.com:443")

  if (!facts.ephemeral && !isJustInTime) await project.done("stop")
  const { exitCode } = await project.ended(container)
  const said = await project.logs()
  expect(exitCode, said).toBe(0)
  for (const name of facts.warnings) expect(said).toMatch(new RegExp(`\\b${name}\\b`))
  // A registration token takes nobody off the list, unless GitHub does after the only job.
  const stays = facts.authentication === "registration-token" && !facts.ephemeral
  expect(github.runners.list()).toHaveLength(stays ? 1 : 0)
}

async function runJob(github: FakeGitHub, { target = "https://github.com/octo/example" }: Outcome): Promise<Job> {
  const steps = [{ run: "pwd; id -u; env" }]
  const job = github.jobs.enqueue({ repository: jobsOf(target), name: "look", steps })
  return await github.waitForJob(job, "completed", 60_000)
}
