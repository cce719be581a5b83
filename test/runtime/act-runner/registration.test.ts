import { readFile, stat, symlink, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { ActRunnerHome } from "./act-runner-home.js"
import { SOURCES } from "./program.js"

let home: ActRunnerHome
let github: FakeGitHub
let url: string

const BUILD = 15 * 60_000

beforeAll(async () => {
  home = await ActRunnerHome.create()
}, BUILD)
afterAll(() => home.remove())
beforeEach(async () => {
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  url = `${github.url}/octo/example`
})
afterEach(async () => {
  await home.run("config.sh", ["remove", "--local"])
  await github.close()
})

const VERSION = (await readFile(join(SOURCES, "VERSION"), "utf8")).trim()
const mode = async (file: string) => (await stat(join(home.path, file))).mode & 0o777

function token(kind: "registration" | "remove" = "registration", path = "repos/octo/example"): string {
  const target = github.accounts.find(path)
  if (!target) throw new Error(`${path} is not there`)
  return github.tokens.createForRunner(kind, target).token
}

const configure = (...args: string[]) =>
  home.run("config.sh", ["--unattended", "--url", url, "--token", token(), ...args])

const shown = (stdout: string): string[] => stdout.split("\n").filter((line) => line !== "")

describe("what the runner says of itself", () => {
  it.each(["bin/Runner.Listener", "config.sh"])("%s knows its version, which tells what it is", async (program) => {
    expect(VERSION).toBe("0.13.0-act")
    expect(await home.run(program, ["--version"])).toEqual({ exitCode: 0, stdout: VERSION, stderr: "" })
  })

  it("has a commit, and help with every option", async () => {
    expect((await home.run("bin/Runner.Listener", ["--commit"])).stdout).toMatch(/^[0-9a-f]{40}$/)
    const { exitCode, stdout } = await home.run("config.sh", ["--help"])
    expect(exitCode).toBe(0)
    for (const option of ["url", "token", "name", "labels", "work", "ephemeral", "runnergroup", "jitconfig", "once"])
      expect(stdout).toContain(`--${option} `)
  })

  it("run.sh passes on what its listener says, and says how that ended", async () => {
    expect(await home.run("run.sh", ["--version"])).toEqual({
      exitCode: 0,
      stdout: `${VERSION}\nRunner listener exit with 0 return code, stop the service, no retry needed.\nExiting runner...`,
      stderr: "",
    })
  })

  it("works through a symbolic link, and has the Node.js of the image", async () => {
    await symlink(join(home.path, "config.sh"), join(home.path, "linked"))
    expect((await home.run("linked", ["--version"])).stdout).toBe(VERSION)
    // As in a copy of the runner's folder.
    await symlink(join(home.path, "externals"), join(home.path, "elsewhere"))
    const folders = ["externals", "elsewhere"].map((name) => `${home.path}/${name}/node24/bin:`)
    for (const PATH of ["", ...folders].map((folder) => `${folder}${process.env.PATH ?? ""}`))
      expect(await home.run("externals/node24/bin/node", ["--version"], { PATH })).toMatchObject({
        exitCode: 0,
        stdout: process.version,
      })
  })

  it("the worker is started by the listener only", async () => {
    expect(await home.run("bin/Runner.Worker")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "Runner.Worker is started by Runner.Listener only.",
    })
  })
})

describe.each([
  ["the API", true],
  ["the pipelines service", false],
])("config.sh, with %s,", (_, useV2Flow) => {
  beforeEach(() => {
    github.settings.useV2Flow = useV2Flow
  })

  it("registers, and writes the configuration in the form of GitHub's runner, and no token", async () => {
    const target = github.accounts.find("repos/octo/example")
    if (target) github.accounts.addGroup(target, "team")
    const given = token()
    const args = ["--name", "one", "--labels", "gpu,big,GPU,linux", "--work", "_jobs", "--runnergroup", "Team"]
    const { exitCode, stdout, stderr } = await home.run("config.sh", [
      ...["--unattended", "--url", `${url}/`, "--token", given, "--ephemeral", "--disableupdate", "--replace"],
      ...args,
    ])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(shown(stdout)).toEqual([
      `github-act-runner ${VERSION}, an unofficial runner.`,
      "# Authentication",
      "√ Connected to GitHub",
      "# Runner Registration",
      "√ Runner successfully added",
      "# Runner settings",
      "√ Settings Saved.",
    ])
    expect(await home.json(".runner")).toEqual({
      agentId: 1,
      agentName: "one",
      poolId: 2,
      poolName: "team",
      serverUrl: `${github.url}/_services/tenant/`,
      gitHubUrl: url,
      workFolder: "_jobs",
      ephemeral: true,
      disableUpdate: true,
      ...(useV2Flow && {
        useV2Flow: true,
        useRunnerAdminFlow: true,
        serverUrlV2: `${github.url}/_services/broker/`,
      }),
    })
    const [runner] = github.runners.list()
    expect(runner).toMatchObject({ name: "one", group: 2, version: "3.0.0", ephemeral: true, updatesDisabled: true })
    expect(runner?.labels.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "self-hosted read-only",
      "Linux read-only",
      `${process.arch.toUpperCase()} read-only`,
      "gpu custom",
      "big custom",
    ])
    expect(await home.json(".credentials")).toEqual({
      scheme: "OAuth",
      data: {
        clientId: runner?.clientId,
        authorizationUrl: `${github.url}/_services/oauth2/token`,
        requireFipsCryptography: true,
      },
    })
    const files = [".runner", ".credentials", ".credentials_rsaparams"]
    expect(await Promise.all(files.map(mode))).toEqual([0o644, 0o600, 0o600])
    const texts = await Promise.all(files.map((file) => readFile(join(home.path, file), "utf8")))
    expect(texts.join() + stdout + (await home.diagnostics())).not.toContain(given)
  })

  it("has defaults for all but the address and the token, and is removed", async () => {
    expect((await configure()).exitCode).toBe(0)
    expect(await home.json(".runner")).toMatchObject({
      agentName: hostname().slice(0, 64),
      poolId: 1,
      poolName: "Default",
      workFolder: "_work",
    })
    const first = await home.run("config.sh", ["remove", "--token", token("remove")])
    expect({ ...first, stdout: shown(first.stdout) }).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: ["# Runner removal", "√ Runner removed successfully", "√ Removed .credentials", "√ Removed .runner"],
    })
    expect([github.runners.list(), await home.configuration()]).toEqual([[], []])
    const second = await home.run("config.sh", ["remove", "--token", token("remove")])
    expect(second.exitCode).toBe(0)
    expect(second.stdout).toContain("Cannot connect to server, because config files are missing.")
  })

  it("refuses a name that another has, unless that is to be replaced", async () => {
    await configure("--name", "one", "--labels", "before")
    await home.run("config.sh", ["remove", "--local"])
    expect(github.runners.list()).toHaveLength(1)
    const refused = await configure("--name", "one")
    expect(refused.exitCode).toBe(1)
    expect(refused.stdout).toMatch(/^A runner exists with the same name$/m)
    expect(refused.stderr).toBe("An error occurred: A runner exists with the same name one.")
    expect(await home.configuration()).toEqual([])
    const replaced = await configure("--name", "one", "--replace", "--labels", "after")
    expect(replaced.exitCode).toBe(0)
    expect(replaced.stdout).toContain("√ Successfully replaced the runner")
    expect(github.runners.list().map(({ id, labels }) => [id, labels.at(-1)?.name])).toEqual([[1, "after"]])
  })

  it("tells that a group is not there, or a version is refused", async () => {
    expect((await configure("--runnergroup", "missing")).stderr).toBe(
      'An error occurred: Could not find any self-hosted runner group named "missing".',
    )
    Object.assign(github.settings, { minimumRunnerVersion: "99.0.0", refuseVersionAt: "registration" })
    const { exitCode, stderr } = await configure()
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/Runner version v3\.0\.0 is deprecated and cannot be registered\./)
    expect(await home.configuration()).toEqual([])
  })
})

describe("config.sh", () => {
  it.each([
    ["octo", "orgs/octo"],
    ["enterprises/octo-inc", "enterprises/octo-inc"],
  ])("registers for %s as well, and leaves it", async (address, path) => {
    github.accounts.addEnterprise("octo-inc")
    const args = ["--url", `${github.url}/${address}`, "--token", token("registration", path)]
    expect((await home.run("config.sh", args)).exitCode).toBe(0)
    expect(github.runners.list().map(({ target }) => target.path)).toEqual([path])
    const removal = await home.run("config.sh", ["remove", "--token", token("remove", path)])
    expect([removal.exitCode, github.runners.list()]).toEqual([0, []])
  })

  it("takes options from the environment, and the command line's before them", async () => {
    const { exitCode } = await home.run("config.sh", ["--name", "typed"], {
      ACTIONS_RUNNER_INPUT_URL: url,
      ACTIONS_RUNNER_INPUT_TOKEN: token(),
      ACTIONS_RUNNER_INPUT_NAME: "environment",
      ACTIONS_RUNNER_INPUT_EPHEMERAL: "true",
      ACTIONS_RUNNER_INPUT_DISABLEUPDATE: "false",
    })
    expect(exitCode).toBe(0)
    expect(await home.json(".runner")).toMatchObject({ agentName: "typed", ephemeral: true })
    expect(await home.json(".runner")).not.toHaveProperty("disableUpdate")
  })

  const ADDRESS = "https://github.example/owner/repository"
  const TOKEN = "AAAA-registration-token"

  it.each([
    ["no address", ["--token", TOKEN], "--url is missing: the repository, organisation or enterprise to serve."],
    ["no token", ["--url", ADDRESS], "--token is missing: a registration token from the repository's settings."],
    ["no URL", ["--url", "github", "--token", TOKEN], "--url is not a URL."],
    ["another protocol", ["--url", "ftp://x/y", "--token", TOKEN], "--url ftp://x/y is neither https nor http."],
    [
      "nobody to serve",
      ["--url", "https://github.com", "--token", TOKEN],
      "names no repository, organisation or enterprise.",
    ],
    ["too long an address", ["--url", `${ADDRESS}/tree`, "--token", TOKEN], "names no repository"],
    ["credentials in the address", ["--url", "https://me:secret@x/y", "--token", TOKEN], "--url contains credentials"],
    [
      "a name that GitHub would refuse",
      ["--url", ADDRESS, "--token", TOKEN, "--name", "x".repeat(65)],
      "--name has 65 characters; 64 are allowed.",
    ],
    ["an empty label", ["--url", ADDRESS, "--token", TOKEN, "--labels", "a,,b"], "--labels a,,b has an empty label."],
    [
      "no label at all",
      ["--url", ADDRESS, "--token", TOKEN, "--no-default-labels"],
      "--no-default-labels needs labels",
    ],
    ["an unknown option", ["--url", ADDRESS, "--lables", "a"], "there is no option --lables here."],
    ["an option without its value", ["--url"], "--url needs a value."],
    ["a value for a flag", ["--replace=yes"], "--replace takes no value."],
    ["a stray word", ["--url", ADDRESS, TOKEN], "there is a word on the command line that belongs to no option."],
  ])("refuses %s and writes nothing", async (_case, args, message) => {
    const { exitCode, stdout, stderr } = await home.run("config.sh", args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain(TOKEN)
    expect(stderr).not.toMatch(/secret|goroutine|panic/)
    expect(await home.configuration()).toEqual([])
  })

  describe("tells what the server says, as GitHub's runner does, and writes nothing:", () => {
    const failed = async (...args: string[]) => {
      const { exitCode, stderr } = await configure(...args)
      expect([exitCode, await home.configuration()]).toEqual([1, []])
      return stderr.replace(/FAKE:[0-9A-F]+/g, "ID").replaceAll(github.url, "URL")
    }

    it("a token that is an hour old", async () => {
      const old = token()
      github.clock.ahead = 3700
      expect(await failed("--token", old)).toMatchInlineSnapshot(`
        "Http response code: NotFound from 'POST URL/api/v3/actions/runner-registration' (Request Id: ID)
        {"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}
        An error occurred: Response status code does not indicate success: 404 (Not Found)."
      `)
      // Not tried again: it would be the same.
      expect(github.requests.list()).toHaveLength(1)
    })

    it("a server that is not well, after three tries", async () => {
      github.faults.add({ times: null, status: 503, message: "Unicorn" })
      const lines = (await failed()).split("\n")
      expect(lines).toHaveLength(7)
      expect(lines.slice(-2)).toMatchInlineSnapshot(`
        [
          "{"message":"Unicorn","documentation_url":"https://docs.github.com/rest","status":"503"}",
          "An error occurred: Response status code does not indicate success: 503 (Service Unavailable).",
        ]
      `)
    })

    it("a server that is well at the third try", async () => {
      github.faults.add({ times: 1, status: 502 })
      github.faults.add({ times: 1, drop: "connection" })
      expect((await configure()).exitCode).toBe(0)
    })

    it("no server", async () => {
      await github.down()
      expect(await failed()).toBe(`An error occurred: Connection refused (${new URL(github.url).host})`)
    })
  })

  it("refuses a second configuration, and leaves the first", async () => {
    await configure("--name", "first")
    expect(await configure("--name", "second")).toMatchObject({
      exitCode: 1,
      stderr:
        "An error occurred: Cannot configure the runner because it is already configured. To reconfigure the runner, run './config.sh remove' first.",
    })
    expect(await home.json(".runner")).toMatchObject({ agentName: "first" })
  })

  it("writes no settings where credentials cannot be its own", async () => {
    await writeFile(join(home.path, ".credentials"), "another's", { mode: 0o644 })
    const { exitCode, stderr } = await configure()
    expect(exitCode).toBe(1)
    expect(stderr).toContain(".credentials cannot be written: file exists")
    expect(await readFile(join(home.path, ".credentials"), "utf8")).toBe("another's")
    expect(await home.configuration()).toEqual([".credentials"])
  })

  it("keeps the environment for jobs in .env and .path, once", async () => {
    await home.run("config.sh", ["--version"], { JAVA_HOME: "/java", LANG: "C" })
    const lines = (await readFile(join(home.path, ".env"), "utf8")).split("\n")
    expect(lines).toEqual(["LANG=C.UTF-8", "JAVA_HOME=/java", ""])
    expect(await readFile(join(home.path, ".path"), "utf8")).toBe(`${process.env.PATH ?? ""}\n`)
  })

  it.skipIf(process.getuid?.() !== 0)("refuses root, as run.sh does (only root can try)", async () => {
    for (const program of ["config.sh", "run.sh"])
      expect(await home.run(program, ["--version"], { RUNNER_ALLOW_RUNASROOT: "" })).toMatchObject({
        // GitHub's run.sh makes a success of nearly everything.
        exitCode: program === "config.sh" ? 1 : 0,
        stderr: `${program} is not to be run as root or with sudo; set RUNNER_ALLOW_RUNASROOT=1 to do so all the same.`,
      })
  })
})

describe("config.sh remove", () => {
  it("with --local removes only the configuration", async () => {
    await configure()
    expect((await home.run("config.sh", ["remove", "--local"])).exitCode).toBe(0)
    expect([await home.configuration(), github.runners.list().length]).toEqual([[], 1])
  })

  it("wants a token, unless it is for this machine only, and keeps the configuration when that is too old", async () => {
    await configure()
    const { exitCode, stderr } = await home.run("config.sh", ["remove"])
    expect([exitCode, stderr.includes("--token is missing")]).toEqual([1, true])
    const old = token("remove")
    github.clock.ahead = 3601
    const late = await home.run("config.sh", ["remove", "--token", old])
    expect(late.exitCode).toBe(1)
    expect(late.stderr).toContain(
      "Failed: Removing runner from the server\nAn error occurred: Response status code does not indicate success: 404",
    )
    expect(await home.configuration()).toHaveLength(3)
  })
})

describe("without a usable configuration", () => {
  const FAILURE = "An error occurred: This runner is not configured. Configure it with ./config.sh, then run it again."
  const LINE = `github-act-runner ${VERSION}, an unofficial runner.`
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const jit = (content: object) => base64(JSON.stringify(content))

  it("the listener fails at once, and run.sh makes a success of that", async () => {
    expect(await home.run("bin/Runner.Listener", ["run"])).toEqual({ exitCode: 1, stdout: LINE, stderr: FAILURE })
    for (const env of [{}, { RUNNER_MANUALLY_TRAP_SIG: "1" }])
      expect(await home.run("run.sh", [], env)).toEqual({
        exitCode: 0,
        stdout: `${LINE}\nRunner listener exit with terminated error, stop the service, no retry needed.\nExiting runner...`,
        stderr: FAILURE,
      })
  })

  it.each([
    [".runner", "{", /the configuration .*\/\.runner is damaged\./],
    [".credentials", "{", /credentials are missing or damaged/],
    [".credentials_rsaparams", "{}", /credentials are missing or damaged/],
  ])("a damaged %s is none", async (file, text, message) => {
    await configure()
    await writeFile(join(home.path, file), text)
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(message)
  })

  it.each([
    ["no base64 of JSON", "????", "--jitconfig is not what a server issues"],
    ["no settings", jit({ ".credentials": base64("{}") }), "--jitconfig is not what a server issues"],
    ["a foreign file", jit({ ".runner": base64("{}"), "../run.sh": base64("x") }), '--jitconfig contains "../run.sh"'],
    ["settings of another form", jit({ ".runner": base64("[]") }), "--jitconfig contains no valid .runner"],
  ])("a --jitconfig of %s is refused, and nothing is written", async (_case, given, message) => {
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run", "--jitconfig", given])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(message)
    expect(await home.configuration()).toEqual([])
  })
})
