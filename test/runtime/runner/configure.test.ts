import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import type { ConfigureSettings } from "../../../docker/runtime/src/runner/configure-settings.js"
import { configure, configureArguments } from "../../../docker/runtime/src/runner/configure.js"
import { registrationFailure } from "../../../docker/runtime/src/runner/registration-failure.js"
import { failureOf } from "../github/scripted-server.js"
import { keptOutput, lives, scriptFolder, type ScriptFolder, until } from "./runner-folder.js"

const TOKEN = "AABBCC-registration"

const SETTINGS: ConfigureSettings = {
  url: "https://github.com/octo/example",
  name: "a-runner",
  labels: ["self-hosted", "linux"],
  noDefaultLabels: false,
  workFolder: "_work",
  replace: true,
  ephemeral: false,
  disableUpdate: false,
  givenToken: false,
}

let folder: ScriptFolder | undefined
afterEach(() => {
  folder?.remove()
  folder = undefined
})

function program(script: string, environment: Record<string, string> = {}, signal?: AbortSignal) {
  folder = scriptFolder({ "config.sh": script })
  const { output, text } = keptOutput()
  return {
    program: { folder: folder.path, environment: { PATH: "/usr/bin:/bin", ...environment }, output, signal },
    text,
    folder,
  }
}

describe("arguments", () => {
  it.each<[string, Partial<ConfigureSettings>]>([
    ["all that is usual", {}],
    [
      "all that there is",
      {
        group: "Big ones",
        ephemeral: true,
        disableUpdate: true,
        noDefaultLabels: true,
        workFolder: "/home/runner/_work",
      },
    ],
    ["as little as there may be", { labels: [], replace: false }],
  ])("%s", (_, changes) => {
    expect(configureArguments({ ...SETTINGS, ...changes })).toMatchSnapshot()
  })
})

describe("config.sh", () => {
  it("gets the token in its environment, and no other secret or option from there", async () => {
    const {
      program: given,
      text,
      folder,
    } = program(
      `printf '%s\\n' "$@" > arguments; env | sort > environment; tr '\\0' '\\n' < /proc/$$/cmdline > cmdline; pwd > cwd
       echo "√ Connected to GitHub"; echo "told: $ACTIONS_RUNNER_INPUT_TOKEN" >&2`,
      { HTTPS_PROXY: "http://proxy", ACTIONS_RUNNER_INPUT_PAT: "ghp_secret", actions_runner_input_labels: "x" },
    )
    await configure(SETTINGS, TOKEN, given)
    expect(folder.lines("arguments")).toEqual(configureArguments(SETTINGS))
    expect(folder.lines("cmdline").join(" ")).not.toContain(TOKEN)
    expect(folder.lines("cwd")).toEqual([folder.path])
    expect(
      folder.lines("environment").filter((line) => !/^(PWD|SHLVL|_|OLDPWD|RUNNER_ALLOW_RUNASROOT)=/.test(line)),
    ).toEqual([`ACTIONS_RUNNER_INPUT_TOKEN=${TOKEN}`, "HTTPS_PROXY=http://proxy", "PATH=/usr/bin:/bin"])
    expect(text().split("\n").sort()).toEqual(["", "told: ***", "√ Connected to GitHub"])
  })

  it("and what it starts are no programs that an earlier job put into a folder of PATH", async () => {
    const { program: given, folder } = program("dirname /a/b > said")
    const planted = join(folder.path, "dirname")
    writeFileSync(planted, '#!/bin/sh\necho "stolen: $ACTIONS_RUNNER_INPUT_TOKEN"\n', { mode: 0o755 })
    await configure(SETTINGS, TOKEN, { ...given, environment: { PATH: `${folder.path}:/usr/bin:/bin` } })
    expect(folder.lines("said")).toEqual(["/a"])
  })

  it("that does not exist or cannot be run is told", async () => {
    const { program: given } = program("exit 0")
    await expect(configure(SETTINGS, TOKEN, { ...given, folder: "/nowhere" })).rejects.toThrow(/config\.sh/)
  })

  it("may finish when it is aborted, so that GitHub's list has nothing that nobody can remove", async () => {
    const reason = new Error("stopped by SIGTERM")
    const controller = new AbortController()
    const { program: given, folder } = program("echo > begun; sleep 0.5; echo > finished", {}, controller.signal)
    const rejected = expect(configure(SETTINGS, TOKEN, given)).rejects.toBe(reason)
    await until(() => existsSync(join(folder.path, "begun")))
    controller.abort(reason)
    await rejected
    expect(existsSync(join(folder.path, "finished"))).toBe(true)
  })

  it.each([
    ["", "at the first signal"],
    ["trap '' TERM;", "also when it ignores that"],
  ])("ends when it is aborted, %#: %s", async (trap) => {
    const reason = new Error("stopped by SIGTERM")
    const controller = new AbortController()
    const { program: given, folder } = program(`${trap} echo $$ > pid; sleep 60 & wait`, {}, controller.signal)
    const result = configure(SETTINGS, TOKEN, { ...given, finishing: 100 })
    const rejected = expect(result).rejects.toBe(reason)
    let pid = 0
    await until(() => {
      try {
        pid = Number(folder.lines("pid")[0])
      } catch {
        return false
      }
      return pid > 0
    })
    controller.abort(reason)
    await rejected
    expect(lives(pid)).toBe(false)
  })
})

/** What the runner says when it cannot register: the lines of actions/runner, and GitHub's answers from its issues. */
const SAID: readonly (readonly [string, ...string[]])[] = [
  [
    "already configured",
    "Cannot configure the runner because it is already configured. To reconfigure the runner, run 'config.cmd remove' or './config.sh remove' first.",
  ],
  ["name", "A runner exists with the same name", "A runner exists with the same name a-runner."],
  ["group", 'Could not find any self-hosted runner group named "big".'],
  [
    "clock",
    "The local machine's clock may be out of sync with the server time by more than five minutes. Please sync your clock with your domain or internet time and try again.",
  ],
  ["flag", "The GitHub server does not support configuring a self-hosted runner with 'Ephemeral' flag."],
  [
    "ghes",
    "GitHub Actions is not properly configured in GHES. GHES url: https://ghes.example, Actions url: https://other.example.",
  ],
  ["version", "Runner version v2.311.0 is deprecated and cannot receive messages."],
  [
    "401",
    "Http response code: Unauthorized from 'POST https://api.github.com/actions/runner-registration' (Request Id: 1)",
    '{"message":"Bad credentials"}',
    "Response status code does not indicate success: 401 (Unauthorized).",
  ],
  [
    "403",
    "Http response code: Forbidden from 'POST https://api.github.com/actions/runner-registration' (Request Id: 1)",
    "Response status code does not indicate success: 403 (Forbidden).",
  ],
  [
    "rate limit",
    "Http response code: Forbidden from 'POST https://api.github.com/actions/runner-registration' (Request Id: 1)",
    '{"message":"API rate limit exceeded for 192.0.2.1."}',
    "Response status code does not indicate success: 403 (rate limit exceeded).",
  ],
  [
    "404",
    "Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration' (Request Id: 1)",
    '{"message":"Not Found"}',
    "Response status code does not indicate success: 404 (Not Found).",
  ],
  [
    "503",
    "Http response code: ServiceUnavailable from 'POST https://api.github.com/actions/runner-registration' (Request Id: 1)",
    "",
    "Response status code does not indicate success: 503 (Service Unavailable).",
  ],
  ["refused", "Connection refused (api.github.com:443)"],
  ["dns", "Name or service not known (api.githubb.com:443)"],
  ["tls", "The SSL connection could not be established, see inner exception."],
  ["timeout", "The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing."],
  ["else", "# Authentication", "", "Something new happened.", ""],
]

describe("what it says is told by its meaning", () => {
  it.each(SAID)("%s", async (_, ...lines) => {
    const failure = registrationFailure({ ...SETTINGS, group: "big" }, { code: 1, lines })
    expect(`${await failureOf(Promise.reject(failure))} | exit ${String(failure.exitCode)}`).toMatchSnapshot()
  })

  it("404 for a token that the user gave is the token's fault", async () => {
    const failure = registrationFailure(
      { ...SETTINGS, givenToken: true },
      { code: 1, lines: ["Response status code does not indicate success: 404 (Not Found)."] },
    )
    expect(await failureOf(Promise.reject(failure))).toMatchInlineSnapshot(
      `"TOKEN_INVALID: the registration token is not for https://github.com/octo/example, or it has expired | A registration token is valid for one repository, organisation or enterprise, and for one hour. Set a new one, or ACCESS_TOKEN, which requests new ones."`,
    )
  })

  it("also when it says nothing, or is killed", async () => {
    expect(await failureOf(configure(SETTINGS, TOKEN, program("exit 3").program))).toMatchInlineSnapshot(
      `"REGISTRATION: config.sh ended with code 3 | Its output is above."`,
    )
    folder?.remove()
    expect(await failureOf(configure(SETTINGS, TOKEN, program("kill -9 $$").program))).toMatchInlineSnapshot(
      `"REGISTRATION: config.sh ended with code 137 | Its output is above."`,
    )
  })

  it("by config.sh's own output", async () => {
    const { program: given } = program('echo "Could not find any self-hosted runner group named \\"x\\"." >&2; exit 1')
    expect(await failureOf(configure({ ...SETTINGS, group: "x" }, TOKEN, given))).toMatchInlineSnapshot(
      `"REGISTRATION: there is no runner group x for this runner | Check RUNNER_GROUP. Only organisations and enterprises have runner groups."`,
    )
  })
})
