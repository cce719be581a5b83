import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Configuration } from "../../../../docker/runtime/src/configuration/configuration.js"
import { runnersOf } from "../../../../docker/runtime/src/github/runners.js"
import { tokenSource } from "../../../../docker/runtime/src/github/tokens.js"
import { deregister, register, type RegistrationOptions } from "../../../../docker/runtime/src/runner/registration.js"
import {
  type Answer,
  configurationFor,
  failureOf,
  keptLog,
  QUICK,
  scriptedServer,
  type ScriptedServer,
} from "../github/scripted-server.js"
import { keptOutput, scriptFolder, type ScriptFolder } from "./runner-folder.js"

let server: ScriptedServer | undefined
let folder: ScriptFolder | undefined
afterEach(async () => {
  await server?.close()
  folder?.remove()
})

/** Answers of GitHub's API beside tokens, which it gives with a number each. */
let answers: Record<string, Answer> = {}
beforeEach(() => {
  answers = { [LIST]: listed() }
})

const LIST = "GET /repos/octo/example/actions/runners?name=a-runner&per_page=100&page=1"

function listed(...runners: { id: number; name: string; busy?: boolean }[]): Answer {
  return { status: 200, body: { runners: runners.map((runner) => ({ status: "offline", busy: false, ...runner })) } }
}

const REFUSED = 'echo "Connection refused (127.0.0.1:1)" >&2; exit 1'
/** Notes each call, and the token it got. */
const NOTE = 'echo "$1 $ACTIONS_RUNNER_INPUT_TOKEN" >> calls; N=$(wc -l < calls)'

async function runner(script: string, changes: Partial<Configuration> = {}, more: Partial<RegistrationOptions> = {}) {
  let number = 0
  server = await scriptedServer((request): Answer => {
    const other = answers[request]
    if (other !== undefined) return other
    return { status: 201, body: { token: `${/remove|registration/.exec(request)?.[0] ?? "?"}-${String(++number)}` } }
  })
  const log = keptLog()
  const options = { log, userAgent: "test/1", limits: QUICK }
  const configuration = configurationFor(server.url, changes)
  folder = scriptFolder({ "config.sh": `${NOTE}\n${script}` })
  const { output } = keptOutput()
  return {
    log,
    folder,
    requests: server.requests,
    options: {
      configuration,
      tokens: tokenSource(configuration, options),
      runners: runnersOf(configuration, options),
      program: { folder: folder.path, environment: { PATH: "/usr/bin:/bin" }, output },
      log,
      window: 3000,
      delay: 20,
      ...more,
    },
  }
}

describe("register", () => {
  it("removes what a killed runner left, and uses a fresh token", async () => {
    const { options, folder, log } = await runner("[ ! -e .runner ] && [ ! -e .credentials ]")
    for (const name of [".runner", ".credentials"]) folder.write(name, "stale")
    await register(options)
    expect(folder.lines("calls")).toEqual(["--unattended registration-1"])
    expect(log.lines).toEqual(["info: removed the configuration of an earlier start: .runner, .credentials"])
  })

  it("tries again while the server is out of reach, with another token and without half a configuration", async () => {
    const { options, folder, log } = await runner(
      `[ -e .runner ] && exit 9; [ $N -ge 3 ] || { touch .runner; ${REFUSED}; }`,
    )
    await register(options)
    expect(folder.lines("calls")).toEqual([
      "--unattended registration-1",
      "--unattended registration-2",
      "--unattended registration-3",
    ])
    expect(log.lines).toMatchInlineSnapshot(`
      [
        "warning: the server of https://github.com/octo/example cannot be reached: Connection refused (127.0.0.1:1); registering again in 1 s",
        "warning: the server of https://github.com/octo/example cannot be reached: Connection refused (127.0.0.1:1); registering again in 1 s",
      ]
    `)
  })

  it("not for ever", async () => {
    const { options } = await runner(REFUSED, {}, { window: 200 })
    expect(await failureOf(register(options))).toMatchInlineSnapshot(
      `"NETWORK: the server of https://github.com/octo/example cannot be reached: Connection refused (127.0.0.1:PORT) | Check that the container has network access to it, the proxy variables and EXTRA_CA_CERTS."`,
    )
  })

  it("does not try again what will not change", async () => {
    const { options, folder } = await runner('echo "A runner exists with the same name a-runner." >&2; exit 1')
    expect(await failureOf(register(options))).toMatchInlineSnapshot(
      `"REGISTRATION: there is a runner of the name a-runner already | Give another RUNNER_NAME, or set RUNNER_REPLACE_EXISTING=true to take its place."`,
    )
    expect(folder.lines("calls")).toHaveLength(1)
  })

  it("starts no config.sh without a token", async () => {
    const { options, folder, requests } = await runner("exit 0")
    answers["POST /repos/octo/example/actions/runners/registration-token"] = {
      status: 401,
      body: { message: "Bad credentials" },
    }
    expect(await failureOf(register(options))).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for a registration token for repos/octo/example: 401, "Bad credentials" | The token is wrong, expired or revoked. Give a new one."`,
    )
    expect(requests).toHaveLength(1)
    expect(existsSync(join(folder.path, "calls"))).toBe(false)
  })

  it("ends when it is aborted between tries", async () => {
    const reason = new Error("stopped by SIGTERM")
    const controller = new AbortController()
    const made = await runner(REFUSED, {}, { window: 60_000, delay: 30_000 })
    const options = { ...made.options, program: { ...made.options.program, signal: controller.signal } }
    setTimeout(() => controller.abort(reason), 500)
    await expect(register(options)).rejects.toBe(reason)
  })
})

describe("deregister", () => {
  async function configured(script: string, changes: Partial<Configuration> = {}) {
    const made = await runner(script, changes)
    made.folder.write(".runner", "\ufeff" + JSON.stringify({ agentName: "a-runner", agentId: 42 }))
    made.folder.write(".credentials", "{}")
    return {
      ...made,
      left: () => [".runner", ".credentials"].filter((name) => existsSync(join(made.folder.path, name))),
    }
  }

  it("has nothing to do for a runner that is not configured", async () => {
    const { options, requests } = await runner("exit 9")
    expect(await deregister(options)).toBe("absent")
    expect(requests).toEqual([])
  })

  it("uses a fresh removal token", async () => {
    const { options, folder } = await configured("rm .runner .credentials")
    expect(await deregister(options)).toBe("removed")
    expect(folder.lines("calls")).toEqual(["remove remove-1"])
  })

  it("removes only files where nothing but a registration token was given", async () => {
    const { options, folder, log, left } = await configured('[ "$*" = "remove --local" ]', {
      authentication: { kind: "registration-token", token: "old" },
    })
    expect(await deregister(options)).toBe("local")
    expect(folder.lines("calls")).toEqual(["remove"])
    expect(log.lines).toMatchInlineSnapshot(`
      [
        "warning: there is nothing to get a removal token with, so that only this machine's files are removed; GitHub lists the runner as offline, and removes it in time",
      ]
    `)
    expect(left()).toEqual([])
  })

  it("starts no config.sh for a runner that the list calls busy", async () => {
    const { options, requests, folder, left } = await configured("rm .runner .credentials")
    answers = { [LIST]: listed({ id: 42, name: "a-runner", busy: true }) }
    expect(await deregister(options)).toBe("busy")
    expect(requests).toEqual([LIST])
    expect(existsSync(join(folder.path, "calls"))).toBe(false)
    expect(left()).toEqual([".runner", ".credentials"])
  })

  it("leaves a busy runner configured", async () => {
    const { options, left } = await configured('echo "Runner a-runner is still running a job" >&2; exit 1')
    expect(await deregister(options)).toBe("busy")
    expect(left()).toEqual([".runner", ".credentials"])
  })

  it("takes a ghost off GitHub's list when config.sh cannot", async () => {
    const { options, log, requests, folder, left } = await configured(
      '[ -z "$ACTIONS_RUNNER_INPUT_TOKEN" ] || { echo "oh no" >&2; exit 1; }',
    )
    answers = {
      [LIST]: listed({ id: 42, name: "a-runner" }),
      "DELETE /repos/octo/example/actions/runners/42": { status: 204 },
    }
    expect(await deregister(options)).toBe("removed")
    expect(requests.slice(2)).toEqual([LIST, "DELETE /repos/octo/example/actions/runners/42"])
    expect(folder.lines("calls")).toEqual(["remove remove-1", "remove"])
    expect(log.lines).toMatchInlineSnapshot(`
      [
        "warning: config.sh remove ended with code 1: oh no",
        "info: removed the runner a-runner from GitHub's list",
      ]
    `)
    expect(left()).toEqual([])
  })

  it("does not take another runner of its name off the list", async () => {
    const { options, requests, left } = await configured("exit 1")
    answers = { [LIST]: listed({ id: 43, name: "a-runner" }) }
    expect(await deregister(options)).toBe("removed")
    expect(requests.at(-1)).toBe(LIST)
    expect(left()).toEqual([])
  })

  it("tells of a runner that the list calls busy", async () => {
    const { options, left } = await configured("exit 1")
    answers = {
      [LIST]: listed({ id: 42, name: "a-runner" }),
      "DELETE /repos/octo/example/actions/runners/42": { status: 422 },
    }
    expect(await deregister(options)).toBe("busy")
    expect(left()).toEqual([".runner", ".credentials"])
  })

  it("tells when nothing helped", async () => {
    const { options } = await configured('echo "oh no" >&2; exit 1')
    expect(await failureOf(deregister({ ...options, runners: undefined }))).toMatchInlineSnapshot(
      `"REGISTRATION: the runner could not be removed from GitHub: oh no | Remove it in the settings, under Actions, Runners. GitHub removes it itself when it was offline for long enough."`,
    )
    answers = { [LIST]: { status: 401, body: { message: "Bad credentials" } } }
    expect(await failureOf(deregister(options))).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for the list of runners of repos/octo/example: 401, "Bad credentials" | The token is wrong, expired or revoked. Give a new one."`,
    )
  })
})
