import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import {
  obtainRegistration,
  type RegistrationOptions,
} from "../../../docker/runtime/src/supervisor/obtain-registration.js"
import {
  type Answer,
  configurationFor,
  failureOf,
  scriptedServer,
  type ScriptedServer,
} from "../github/scripted-server.js"
import { scriptFolder, type ScriptFolder, until } from "../runner/runner-folder.js"
import { brokered } from "./brokered.js"

const RUNNERS = "/repos/octo/example/actions/runners"
const LIST = `GET ${RUNNERS}?name=a-runner&per_page=100&page=1`
const TOKEN = `POST ${RUNNERS}/registration-token`

const REFUSED = 'echo "Connection refused (127.0.0.1:1)" >&2; exit 1'
/** Notes each call, and the token it got. */
const NOTE = 'echo "$1 $ACTIONS_RUNNER_INPUT_TOKEN" >> calls; N=$(wc -l < calls)'

/** Answers of GitHub's API beside tokens, which it gives with a number each. */
let answers: Record<string, Answer>
let server: ScriptedServer
let folder: ScriptFolder | undefined
let ends: (() => Promise<void>)[]
beforeEach(async () => {
  let number = 0
  ends = []
  answers = {}
  server = await scriptedServer((request): Answer => {
    const other = answers[request]
    if (other !== undefined) return other
    if (request.startsWith("GET")) return { status: 200, body: { runners: [] } }
    return { status: 201, body: { token: `registration-${String(++number)}` } }
  })
})
afterEach(async () => {
  for (const end of ends) await end()
  await server.close()
  folder?.remove()
})

async function runner(script: string, changes: Partial<Configuration> = {}, more: Partial<RegistrationOptions> = {}) {
  const own = scriptFolder({ "config.sh": `${NOTE}\n${script}` })
  folder = own
  const made = await brokered(configurationFor(server.url, { workFolder: "/work", ...changes }), own.path)
  ends.push(made.close)
  const calls = (): string[] => (existsSync(join(own.path, "calls")) ? own.lines("calls") : [])
  return { ...made, options: { ...made.options, ...more }, folder: own, calls }
}

describe("a registration", () => {
  it("removes what a killed runner left, and uses a fresh token", async () => {
    const { options, folder, log, calls } = await runner("[ ! -e .runner ] && [ ! -e .credentials ]")
    for (const name of [".runner", ".credentials"]) folder.write(name, "stale")
    expect(await obtainRegistration(options), "made now").toBe(true)
    expect(calls()).toEqual(["--unattended registration-1"])
    expect(log.lines).toEqual([
      "info: removed the configuration of an earlier start: .runner, .credentials",
      "info: registered as a-runner with the labels self-hosted, linux",
    ])
    expect(server.requests).toEqual([TOKEN, LIST, LIST])
  })

  it("tries again while the server is out of reach, with another token and without half a configuration", async () => {
    const { options, calls, log } = await runner(
      `[ -e .runner ] && exit 9; [ $N -ge 3 ] || { touch .runner; ${REFUSED}; }`,
    )
    await obtainRegistration(options)
    expect(calls()).toEqual([
      "--unattended registration-1",
      "--unattended registration-2",
      "--unattended registration-3",
    ])
    expect(log.lines).toMatchInlineSnapshot(`
      [
        "warning: the server of https://github.com/octo/example cannot be reached: Connection refused (127.0.0.1:1); registering again in 1 s",
        "warning: the server of https://github.com/octo/example cannot be reached: Connection refused (127.0.0.1:1); registering again in 1 s",
        "info: registered as a-runner with the labels self-hosted, linux",
      ]
    `)
  })

  it("does so not for ever", async () => {
    const { options } = await runner(REFUSED, {}, { window: 200 })
    expect(await failureOf(obtainRegistration(options))).toMatchInlineSnapshot(
      `"NETWORK: the server of https://github.com/octo/example cannot be reached: Connection refused (127.0.0.1:PORT) | Check that the container has network access to it, the proxy variables and EXTRA_CA_CERTS."`,
    )
  })

  it("does not try again what will not change", async () => {
    const { options, calls } = await runner('echo "A runner exists with the same name a-runner." >&2; exit 1')
    expect(await failureOf(obtainRegistration(options))).toMatchInlineSnapshot(
      `"REGISTRATION: a runner named a-runner already exists | Set another RUNNER_NAME, or RUNNER_REPLACE_EXISTING=true to replace that runner."`,
    )
    expect(calls()).toHaveLength(1)
  })

  it("starts no config.sh without a token", async () => {
    const { options, calls } = await runner("exit 0")
    answers[TOKEN] = { status: 401, body: { message: "Bad credentials" } }
    expect(await failureOf(obtainRegistration(options))).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for a registration token for repos/octo/example: 401, "Bad credentials" | The token is wrong, expired or revoked. Set a new one."`,
    )
    expect(server.requests).toEqual([TOKEN])
    expect(calls()).toEqual([])
  })

  it("ends when it is aborted between tries", async () => {
    const reason = new Error("stopped by SIGTERM")
    const { options, controller } = await runner(REFUSED, {}, { window: 60_000, delay: 30_000 })
    setTimeout(() => controller.abort(reason), 500)
    await expect(obtainRegistration(options)).rejects.toBe(reason)
  })

  it("that came to be while somebody wanted it to stop is known, and can be removed", async () => {
    const reason = new Error("stopped by SIGTERM")
    const { options, controller, calls, remove } = await runner("sleep 1; touch .runner .credentials")
    const rejected = expect(obtainRegistration(options)).rejects.toBe(reason)
    await until(() => calls().length === 1)
    answers[LIST] = { status: 200, body: { runners: [{ id: 42, name: "a-runner", status: "offline", busy: false }] } }
    answers[`DELETE ${RUNNERS}/42`] = { status: 204 }
    answers[`GET ${RUNNERS}/42`] = { status: 404, body: {} }
    controller.abort(reason)
    await rejected
    expect(await remove()).toBe("removed")
  })
})

describe("programs that a job has changed", () => {
  it("get no token, and the failure says what to do", async () => {
    const { options, folder, calls } = await runner("exit 0")
    folder.write("config.sh", `#!/bin/bash\n${NOTE}\n`)
    expect(await failureOf(obtainRegistration(options))).toMatchInlineSnapshot(
      `"REGISTRATION: the runner's programs are no longer those of the image, and get no token: config.sh is changed | A job changed them, or the runner updated itself. Recreate the container, as docker compose up --force-recreate does. With DISABLE_AUTO_UPDATE=true, or with a read-only root, they stay unchanged."`,
    )
    expect(calls()).toEqual([])
  })

  it("go on with the registration that the runner has, which takes no secret", async () => {
    const { options, folder, calls, log } = await runner("exit 0")
    folder.write(".runner", "{}")
    folder.write("config.sh", "changed")
    expect(await obtainRegistration(options), "made now").toBe(false)
    expect([calls(), server.requests]).toEqual([[], [LIST]])
    expect(log.lines).toMatchInlineSnapshot(`
      [
        "warning: the runner's programs are no longer those of the image (config.sh is changed): it keeps its registration and is not registered again",
        "info: registered as a-runner with the labels self-hosted, linux",
      ]
    `)
  })
})

it("uses a registration that a folder kept, and keeps the one it makes", async () => {
  const first = await runner("echo '{}' > .runner; echo '{}' > .credentials")
  const kept = join(first.folder.path, "kept")
  const options = { ...first.options, configuration: { ...first.options.configuration, reuseFolder: kept } }
  expect(await obtainRegistration(options), "made now").toBe(true)
  expect(existsSync(join(kept, ".runner"))).toBe(true)
  writeFileSync(join(first.folder.path, ".runner"), "of another start")
  const log = first.log.lines.length
  expect(await obtainRegistration(options), "made now").toBe(false)
  expect([first.calls().length, first.folder.lines(".runner")]).toEqual([1, ["{}"]])
  expect(first.log.lines.slice(log).map((line) => line.replaceAll(first.folder.path, ""))).toEqual([
    "info: the runner is already registered, with the configuration in /kept",
  ])
})
