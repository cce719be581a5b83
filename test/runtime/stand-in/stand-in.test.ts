import { readFile, stat, symlink, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { StandInHome, STAND_IN } from "./stand-in-home.js"

// The programs themselves, as child processes, against a server of their own.
let home: StandInHome
let github: FakeGitHub
let url: string

beforeEach(async () => {
  home = await StandInHome.create()
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  url = `${github.url}/octo/example`
})
afterEach(async () => {
  await home.remove()
  await github.close()
})

const VERSION = (await readFile(join(STAND_IN, "VERSION"), "utf8")).trim()
const mode = async (file: string) => (await stat(join(home.path, file))).mode & 0o777

function token(kind: "registration" | "remove" = "registration", path = "repos/octo/example"): string {
  const target = github.accounts.find(path)
  if (!target) throw new Error(`${path} is not there`)
  return github.tokens.createForRunner(kind, target).token
}

const configure = (...args: string[]) =>
  home.run("config.sh", ["--unattended", "--url", url, "--token", token(), ...args])

describe("what the runner says of itself", () => {
  it.each(["bin/Runner.Listener", "config.sh"])(
    "%s knows its version, which tells that it stands in",
    async (program) => {
      expect(VERSION).toMatch(/^\d+\.\d+\.\d+-standin$/)
      expect(await home.run(program, ["--version"])).toEqual({ exitCode: 0, stdout: VERSION, stderr: "" })
    },
  )

  it("run.sh passes on what its listener says, and says how that ended", async () => {
    expect(await home.run("run.sh", ["--version"])).toEqual({
      exitCode: 0,
      stdout: `${VERSION}\nRunner listener exit with 0 return code, stop the service, no retry needed.\nExiting runner...`,
      stderr: "",
    })
  })

  it("has a commit that changes with the program", async () => {
    const before = await home.run("bin/Runner.Listener", ["--commit"])
    expect(before.stdout).toMatch(/^[0-9a-f]{40}$/)
    await writeFile(join(home.path, "lib/worker/another.mjs"), "")
    const after = await home.run("bin/Runner.Listener", ["--commit"])
    expect(after.stdout).toMatch(/^[0-9a-f]{40}$/)
    expect(after.stdout).not.toBe(before.stdout)
  })

  it("lists every option that it takes", async () => {
    const { exitCode, stdout } = await home.run("config.sh", ["--help"])
    expect(exitCode).toBe(0)
    for (const option of [
      "url",
      "token",
      "name",
      "labels",
      "work",
      "ephemeral",
      "replace",
      "runnergroup",
      "disableupdate",
      "jitconfig",
      "once",
    ])
      expect(stdout).toContain(`--${option} `)
  })

  it("works through a symbolic link", async () => {
    await symlink(join(home.path, "config.sh"), join(home.path, "linked"))
    expect((await home.run("linked", ["--version"])).stdout).toBe(VERSION)
  })

  it("has what others copy out of the real one's folder", async () => {
    expect(await home.run("externals/node24/bin/node", ["--version"])).toMatchObject({
      exitCode: 0,
      stdout: process.version,
    })
    expect(await home.run("bin/installdependencies.sh")).toMatchObject({ exitCode: 0 })
    expect((await stat(join(home.path, "k8s/index.js"))).isFile()).toBe(true)
  })
})

describe("config.sh", () => {
  it("registers, and writes the configuration in the real runner's form, and no token", async () => {
    const target = github.accounts.find("repos/octo/example")
    if (target) github.accounts.addGroup(target, "team")
    const given = token()
    const args = ["--name", "one", "--labels", "gpu,big,GPU,linux", "--work", "_jobs", "--runnergroup", "Team"]
    const { exitCode, stdout, stderr } = await home.run("config.sh", [
      ...["--unattended", "--url", url, "--token", given, "--ephemeral", "--disableupdate", "--replace"],
      ...args,
    ])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout.split("\n").filter((line) => line !== "")).toEqual([
      `Stand-in runner ${VERSION}. This is not the GitHub Actions runner.`,
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
      useV2Flow: true,
      useRunnerAdminFlow: true,
      serverUrlV2: `${github.url}/_services/broker/`,
    })
    const [runner] = github.runners.list()
    expect(runner).toMatchObject({ name: "one", group: 2, version: VERSION, ephemeral: true, updatesDisabled: true })
    expect(runner?.labels.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "self-hosted read-only",
      "Linux read-only",
      `${process.arch.toUpperCase()} read-only`,
      "gpu custom",
      "big custom",
    ])
    expect(await home.json(".credentials")).toEqual({
      scheme: "OAuth",
      data: { clientId: runner?.clientId, authorizationUrl: `${github.url}/_services/oauth2/token` },
    })
    expect(await Promise.all([".runner", ".credentials", ".credentials_rsaparams"].map(mode))).toEqual([
      0o644, 0o600, 0o600,
    ])
    const files = await Promise.all(
      [".runner", ".credentials", ".credentials_rsaparams"].map((file) => readFile(join(home.path, file), "utf8")),
    )
    expect(files.join() + stdout).not.toContain(given)
  })

  it("asks as the real one does", async () => {
    await configure("--name", "one")
    expect(
      github.requests.list().map(({ method, url: path, status }) => `${method} ${path} ${String(status)}`),
    ).toEqual([
      "POST /api/v3/actions/runner-registration 200",
      "GET /api/v3/repos/octo/example/actions/runner-groups 200",
      "GET /api/v3/repos/octo/example/actions/runners?name=one 200",
      "POST /api/v3/actions/runners/register 201",
    ])
    expect(github.requests.list()[0]).toMatchObject({
      headers: { authorization: expect.stringMatching(/^RemoteAuth [0-9A-F]{29}$/) as string },
      body: JSON.stringify({ url, runner_event: "register" }),
    })
  })

  it.each([
    ["octo", "orgs/octo"],
    ["enterprises/octo-inc", "enterprises/octo-inc"],
  ])("registers for %s as well, and leaves it", async (address, path) => {
    github.accounts.addEnterprise("octo-inc")
    const args = ["--url", `${github.url}/${address}`, "--token", token("registration", path)]
    expect((await home.run("config.sh", args)).exitCode).toBe(0)
    expect(github.runners.list().map(({ target }) => target.path)).toEqual([path])
    const removal = await home.run("config.sh", ["remove", "--token", token("remove", path)])
    expect(removal.exitCode).toBe(0)
    expect(github.runners.list()).toEqual([])
  })

  it("has defaults for all but the address and the token", async () => {
    await configure()
    expect(await home.json(".runner")).toMatchObject({
      agentName: hostname().slice(0, 64),
      poolId: 1,
      poolName: "Default",
      gitHubUrl: url,
      workFolder: "_work",
    })
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
    ["no URL", ["--url", "github", "--token", TOKEN], "--url github is no URL."],
    ["another protocol", ["--url", "ftp://x/y", "--token", TOKEN], "--url ftp://x/y is neither https nor http."],
    [
      "nobody to serve",
      ["--url", "https://github.com", "--token", TOKEN],
      "--url https://github.com names no repository, organisation or enterprise.",
    ],
    ["too long an address", ["--url", `${ADDRESS}/tree`, "--token", TOKEN], "names no repository"],
    [
      "credentials in the address",
      ["--url", "https://me:secret@x/y", "--token", TOKEN],
      "--url has credentials in it; leave them out.",
    ],
    [
      "a name that GitHub would refuse",
      ["--url", ADDRESS, "--token", TOKEN, "--name", "x".repeat(65)],
      "--name has 65 characters; 64 are allowed.",
    ],
    ["an empty label", ["--url", ADDRESS, "--token", TOKEN, "--labels", "a,,b"], "--labels a,,b has an empty label."],
    [
      "no label at all",
      ["--url", ADDRESS, "--token", TOKEN, "--no-default-labels"],
      "--no-default-labels needs labels of your own",
    ],
    ["an unknown option", ["--url", ADDRESS, "--lables", "a"], "There is no option --lables here."],
    ["an option without its value", ["--url"], "--url needs a value."],
    ["a value for a flag", ["--replace=yes"], "--replace takes no value."],
    ["a stray word", ["--url", ADDRESS, TOKEN], "There is a word on the command line that belongs to no option."],
  ])("refuses %s and writes nothing", async (_case, args, message) => {
    const { exitCode, stdout, stderr } = await home.run("config.sh", args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain(TOKEN)
    expect(stderr).not.toMatch(/secret|\n\s+at /)
    expect(await home.configuration()).toEqual([])
  })

  describe("tells what the server says, in the real one's form, and writes nothing:", () => {
    const failed = async (...args: string[]) => {
      const { exitCode, stderr } = await configure(...args)
      expect(exitCode).toBe(1)
      expect(await home.configuration()).toEqual([])
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

    it("a token for something else", async () => {
      github.accounts.addRepository("octo/other")
      expect(await failed("--token", token("registration", "repos/octo/other"))).toMatch(/404 \(Not Found\)/)
    })

    it("a server that is not well, after three tries", async () => {
      github.faults.add({ times: null, status: 503, message: "Unicorn" })
      expect(await failed()).toMatchInlineSnapshot(`
        "Http response code: ServiceUnavailable from 'POST URL/api/v3/actions/runner-registration' (Request Id: ID)
        {"message":"Unicorn","documentation_url":"https://docs.github.com/rest","status":"503"}
        Http response code: ServiceUnavailable from 'POST URL/api/v3/actions/runner-registration' (Request Id: ID)
        {"message":"Unicorn","documentation_url":"https://docs.github.com/rest","status":"503"}
        Http response code: ServiceUnavailable from 'POST URL/api/v3/actions/runner-registration' (Request Id: ID)
        {"message":"Unicorn","documentation_url":"https://docs.github.com/rest","status":"503"}
        An error occurred: Response status code does not indicate success: 503 (Service Unavailable)."
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

    it("a group that is not there", async () => {
      expect(await failed("--runnergroup", "missing")).toBe(
        'An error occurred: Could not find any self-hosted runner group named "missing".',
      )
    })

    it("a version that is refused", async () => {
      Object.assign(github.settings, { minimumRunnerVersion: "2.329.0", refuseVersionAt: "registration" })
      expect(await failed()).toMatch(/Runner version v0\.\d+\.\d+-standin is deprecated and cannot be registered\./)
    })
  })

  it("refuses a second configuration, and leaves the first", async () => {
    await configure("--name", "first")
    const { exitCode, stderr } = await configure("--name", "second")
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      "An error occurred: Cannot configure the runner because it is already configured. To reconfigure the runner, run './config.sh remove' first.",
    )
    expect(await home.json(".runner")).toMatchObject({ agentName: "first" })
  })

  it("refuses a name that another has, unless that is to be replaced", async () => {
    await configure("--name", "one", "--labels", "before")
    const other = await StandInHome.create()
    try {
      const again = (...args: string[]) =>
        other.run("config.sh", ["--unattended", "--url", url, "--token", token(), "--name", "one", ...args])
      const refused = await again()
      expect(refused.exitCode).toBe(1)
      expect(refused.stdout).toMatch(/^A runner exists with the same name$/m)
      expect(refused.stderr).toBe("An error occurred: A runner exists with the same name one.")
      expect(await other.configuration()).toEqual([])
      const replaced = await again("--replace", "--labels", "after")
      expect(replaced.exitCode).toBe(0)
      expect(replaced.stdout).toContain("√ Successfully replaced the runner")
      expect(github.runners.list().map(({ id, labels }) => [id, labels.at(-1)?.name])).toEqual([[1, "after"]])
    } finally {
      await other.remove()
    }
  })

  it("writes no settings where credentials cannot be its own", async () => {
    await writeFile(join(home.path, ".credentials"), "another's", { mode: 0o644 })
    const { exitCode, stderr } = await configure()
    expect(exitCode).toBe(1)
    expect(stderr).toContain(".credentials cannot be written: EEXIST.")
    expect(await readFile(join(home.path, ".credentials"), "utf8")).toBe("another's")
    expect(await home.configuration()).toEqual([".credentials"])
  })

  it("keeps the environment for jobs in .env and .path, once", async () => {
    await configure()
    await home.run("config.sh", ["remove", "--local"])
    await home.run("config.sh", ["--version"], { JAVA_HOME: "/java", LANG: "C" })
    expect(await readFile(join(home.path, ".env"), "utf8")).toBe("LANG=C.UTF-8\nJAVA_HOME=/java\n")
    expect(await readFile(join(home.path, ".path"), "utf8")).toBe(`${process.env.PATH ?? ""}\n`)
  })

  it.skipIf(process.getuid?.() !== 0)("refuses root, as run.sh does (only root can try)", async () => {
    for (const program of ["config.sh", "run.sh"]) {
      const { exitCode, stderr } = await home.run(program, ["--version"], { RUNNER_ALLOW_RUNASROOT: "" })
      expect({ exitCode, stderr }).toEqual({
        // The real run.sh makes a success of nearly everything.
        exitCode: program === "config.sh" ? 1 : 0,
        stderr: `${program} is not to be run as root or with sudo; set RUNNER_ALLOW_RUNASROOT=1 to do so all the same.`,
      })
    }
  })
})

describe("config.sh remove", () => {
  it("takes the runner off the list, and its configuration away, and does no harm twice", async () => {
    await configure()
    const first = await home.run("config.sh", ["remove", "--token", token("remove")])
    expect({ ...first, stdout: first.stdout.split("\n").filter((line) => line !== "") }).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: ["# Runner removal", "√ Runner removed successfully", "√ Removed .credentials", "√ Removed .runner"],
    })
    expect(github.runners.list()).toEqual([])
    expect(await home.configuration()).toEqual([])
    const second = await home.run("config.sh", ["remove", "--token", token("remove")])
    expect(second.exitCode).toBe(0)
    expect(second.stdout).toContain("Cannot connect to server, because config files are missing.")
  })

  it("with --local takes only the configuration away", async () => {
    await configure()
    expect((await home.run("config.sh", ["remove", "--local"])).exitCode).toBe(0)
    expect(await home.configuration()).toEqual([])
    expect(github.runners.list()).toHaveLength(1)
  })

  it("wants a token, unless it is for this machine only", async () => {
    await configure()
    const { exitCode, stderr } = await home.run("config.sh", ["remove"])
    expect(exitCode).toBe(1)
    expect(stderr).toContain("--token is missing")
    expect(await home.configuration()).toHaveLength(3)
  })

  it("keeps the configuration when the token is too old", async () => {
    await configure()
    const old = token("remove")
    github.clock.ahead = 3601
    const { exitCode, stderr } = await home.run("config.sh", ["remove", "--token", old])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      "Failed: Removing runner from the server\nAn error occurred: Response status code does not indicate success: 404",
    )
    expect(await home.configuration()).toHaveLength(3)
  })

  it("makes room for another configuration", async () => {
    await configure("--name", "first")
    await home.run("config.sh", ["remove", "--local"])
    expect((await configure("--name", "second")).exitCode).toBe(0)
    expect(await home.json(".runner")).toMatchObject({ agentName: "second" })
  })
})

describe("without a configuration", () => {
  const STAND_IN_LINE = `Stand-in runner ${VERSION}. This is not the GitHub Actions runner.`
  const FAILURE = "An error occurred: This runner is not configured. Configure it with ./config.sh, then run it again."

  it("the listener fails at once", async () => {
    expect(await home.run("bin/Runner.Listener", ["run"])).toEqual({
      exitCode: 1,
      stdout: STAND_IN_LINE,
      stderr: FAILURE,
    })
  })

  it.each([{}, { RUNNER_MANUALLY_TRAP_SIG: "1" }])(
    "run.sh makes a success of that, as the real one does (%j)",
    async (env) => {
      expect(await home.run("run.sh", [], env)).toEqual({
        exitCode: 0,
        stdout: `${STAND_IN_LINE}\nRunner listener exit with terminated error, stop the service, no retry needed.\nExiting runner...`,
        stderr: FAILURE,
      })
    },
  )

  it.each([
    [".runner", "{", /The configuration .*\/\.runner is damaged\./],
    [".credentials", "{", /credentials are missing or damaged/],
  ])("a damaged %s is none", async (file, text, message) => {
    await configure()
    await writeFile(join(home.path, file), text)
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run"])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(message)
  })
})

describe("a damaged --jitconfig", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const jit = (content: object) => base64(JSON.stringify(content))

  it("is refused for a runner that is configured", async () => {
    await configure("--name", "first")
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", [
      "run",
      "--jitconfig",
      jit({ ".runner": base64("{}") }),
    ])
    expect(exitCode).toBe(1)
    expect(stderr).toContain("--jitconfig is for a runner without configuration")
    expect(await home.json(".runner")).toMatchObject({ agentName: "first" })
  })

  it.each([
    ["no base64 of JSON", "????", "--jitconfig is not what a server hands out"],
    ["no settings", jit({ ".credentials": base64("{}") }), "--jitconfig is not what a server hands out"],
    [
      "a file that is none of the configuration's",
      jit({ ".runner": base64("{}"), "../run.sh": base64("x") }),
      '--jitconfig has "../run.sh" in it',
    ],
    [
      "settings of another form",
      jit({ ".runner": base64("[]"), ".credentials": base64("{}") }),
      "--jitconfig has no proper .runner in it.",
    ],
  ])("of %s is refused, and nothing is written", async (_case, given, message) => {
    const { exitCode, stderr } = await home.run("bin/Runner.Listener", ["run", "--jitconfig", given])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(message)
    expect(await home.configuration()).toEqual([])
  })
})
