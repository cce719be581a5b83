import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import { isConfigured, removeConfiguration } from "../../../docker/runtime/src/runner/configuration-files.js"
import type { RunnerEvent } from "../../../docker/runtime/src/runner/events.js"
import { writeJitConfiguration } from "../../../docker/runtime/src/runner/jit.js"
import { type Listener, startListener } from "../../../docker/runtime/src/runner/listener.js"
import { sessionProcesses } from "../../../docker/runtime/src/runner/session.js"
import { obtainRegistration as register } from "../../../docker/runtime/src/supervisor/obtain-registration.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { makeRunnerFolder } from "../act-runner/program.js"
import { configurationFor, failureOf } from "../github/scripted-server.js"
import { brokered } from "../supervisor/brokered.js"
import { keptOutput, until } from "./runner-folder.js"

let github: FakeGitHub
let folder = ""
let listener: Listener | undefined
const ends: (() => Promise<void>)[] = []
beforeEach(async () => {
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: "ghp_valid" })
  folder = join(mkdtempSync(join(tmpdir(), "act-runner-")), "runner")
  await makeRunnerFolder(folder)
})
afterEach(async () => {
  listener?.stop("SIGKILL")
  await listener?.ended
  listener = undefined
  for (const end of ends.splice(0)) await end()
  await github.close()
  rmSync(join(folder, ".."), { recursive: true, force: true })
})

const environment = { PATH: process.env.PATH ?? "", HOME: tmpdir() }

async function registration(changes: Partial<Configuration> = {}) {
  const made = await brokered(
    configurationFor(github.api, {
      target: { scope: "repository", url: `${github.url}/octo/example`, path: "repos/octo/example", owner: "octo" },
      server: github.url,
      authentication: { kind: "token", token: "ghp_valid" },
      workFolder: join(folder, "../work"),
      ...changes,
    }),
    folder,
  )
  ends.push(made.close)
  return made
}

async function listen() {
  const { output, text } = keptOutput()
  listener = await startListener({ folder, environment, output })
  const events: RunnerEvent[] = []
  listener.events.on("event", (event) => events.push(event))
  const has = (type: RunnerEvent["type"]): boolean => events.some((event) => event.type === type)
  return { listener, events, text, has }
}

const names = (): string[] => github.runners.list().map(({ name }) => name)

it("registers, takes a job, is stopped and leaves", async () => {
  const { options, log, remove } = await registration()
  await register(options)
  expect(log.lines).toEqual(["info: registered as a-runner with the labels self-hosted, linux"])
  expect(names()).toEqual(["a-runner"])
  expect(JSON.parse(readFileSync(join(folder, ".runner"), "utf8").replace("\ufeff", ""))).toMatchObject({
    agentName: "a-runner",
  })

  const { listener, events, has } = await listen()
  await until(() => has("listening"))
  const job = github.jobs.enqueue({ repository: "octo/example", name: "build / test", steps: [{ run: "env" }] })
  await github.waitForJob(job)
  await until(() => has("job-completed"))
  expect(job.log).not.toContain("ghp_valid")
  listener.stop("SIGTERM")
  expect(await listener.ended).toEqual({ code: 143, signal: null, exit: "success" })
  expect(events).toMatchInlineSnapshot(`
    [
      {
        "type": "connected",
      },
      {
        "type": "listening",
      },
      {
        "name": "build / test",
        "type": "job-started",
      },
      {
        "name": "build / test",
        "result": "Succeeded",
        "type": "job-completed",
      },
      {
        "exit": "success",
        "type": "listener-exited",
      },
    ]
  `)
  expect(sessionProcesses(listener.pid)).toEqual([])

  expect(isConfigured(folder)).toBe(true)
  expect(await remove()).toBe("removed")
  expect(names()).toEqual([])
  removeConfiguration(folder)
  expect(isConfigured(folder)).toBe(false)
})

it("tells of a job that failed", async () => {
  await register((await registration()).options)
  const { events, has } = await listen()
  await github.waitForJob(github.jobs.enqueue({ repository: "octo/example", name: "bad", steps: [{ run: "exit 3" }] }))
  await until(() => has("job-completed"))
  expect(events.at(-1)).toEqual({ type: "job-completed", name: "bad", result: "Failed" })
})

it("leaves a runner that has a job until it is done", async () => {
  const { options, remove } = await registration()
  await register(options)
  const { has } = await listen()
  const job = github.jobs.enqueue({ repository: "octo/example", steps: [{ run: "sleep 2" }] })
  await github.waitForJob(job, "in_progress")
  await until(() => has("job-started"))
  expect(await remove()).toBe("busy")
  await github.waitForJob(job)
  await until(() => has("job-completed"))
  await until(() => github.runners.list().every(({ job }) => job === undefined))
  expect(await remove()).toBe("removed")
})

it("is off the list after an ephemeral runner's job", async () => {
  const { options, remove } = await registration({ ephemeral: true })
  await register(options)
  const { listener } = await listen()
  await github.waitForJob(github.jobs.enqueue({ repository: "octo/example", steps: [{ run: "true" }] }))
  expect(await listener.ended).toMatchObject({ code: 0, exit: "success" })
  expect(names()).toEqual([])
  expect(await remove()).toBe("removed")
})

it("runs a just-in-time configuration, which shows nowhere", async () => {
  const answer = await fetch(`${github.api}/repos/octo/example/actions/runners/generate-jitconfig`, {
    method: "POST",
    headers: { authorization: "Bearer ghp_valid" },
    body: JSON.stringify({ name: "jit", runner_group_id: 1, labels: ["self-hosted"] }),
  })
  const { encoded_jit_config: encoded } = (await answer.json()) as { encoded_jit_config: string }
  writeJitConfiguration(folder, encoded)
  const { listener } = await listen()
  const job = github.jobs.enqueue({
    repository: "octo/example",
    steps: [{ run: "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'" }],
  })
  await github.waitForJob(job)
  expect(job.result).toBe("Succeeded")
  expect(job.log).not.toContain(encoded.slice(0, 60))
  expect(await listener.ended).toMatchObject({ code: 0, exit: "success" })
})

describe("registration", () => {
  it("survives a server that is away", async () => {
    const { options, log } = await registration()
    // Away after the token was given.
    github.faults.add({ path: "/actions/runner-registration", drop: "connection", times: 4 })
    await register(options)
    expect(names()).toEqual(["a-runner"])
    expect(log.lines.length).toBeGreaterThan(0)
  })

  it("after a crash takes the place of the runner that was", async () => {
    await register((await registration()).options)
    await register((await registration()).options)
    expect(names()).toEqual(["a-runner"])
  })

  it("tells what is wrong", async () => {
    await register((await registration()).options)
    const told = async (changes: Partial<Configuration>): Promise<string> =>
      await failureOf(register((await registration(changes)).options))
    expect(await told({ replace: false })).toMatchInlineSnapshot(
      `"REGISTRATION: a runner named a-runner already exists | Set another RUNNER_NAME, or RUNNER_REPLACE_EXISTING=true to replace that runner."`,
    )
    expect(await told({ group: "nowhere" })).toMatchInlineSnapshot(
      `"REGISTRATION: there is no runner group nowhere for this runner | Check RUNNER_GROUP. Only organisations and enterprises have runner groups."`,
    )
    const expired = github.tokens.createForRunner("registration", {
      scope: "repository",
      path: "repos/octo/example",
      owner: "octo",
    })
    github.tokens.expire({ token: expired.token })
    expect(await told({ authentication: { kind: "registration-token", token: expired.token } })).toMatchInlineSnapshot(
      `"TOKEN_INVALID: the registration token is not for http://127.0.0.1:PORT/octo/example, or it has expired | A registration token is valid for one repository, organisation or enterprise, and for one hour. Set a new one, or ACCESS_TOKEN, which requests new ones."`,
    )
  })
})

it("tells that the version is refused", async () => {
  github.settings.minimumRunnerVersion = "99.0.0"
  await register((await registration()).options)
  const { listener, has } = await listen()
  expect(await listener.ended).toEqual({ code: 7, signal: null, exit: "version-refused" })
  expect(has("version-refused")).toBe(true)
})
