import { execa } from "execa"
import { cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

// The program itself, run as a child process in a folder of its own.
const SOURCE = join(import.meta.dirname, "../../docker/stand-in")
const TOKEN = "AAAA-registration-token"
const URL = "https://github.example/owner/repository"

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stand-in-"))
  await cp(SOURCE, home, { recursive: true })
})
afterEach(() => rm(home, { recursive: true }))

/** Runs a program of the runner. As root only where that is allowed, like the real one. */
async function run(program: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await start(program, args, env)
  return { exitCode, stdout, stderr }
}

function start(program: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  return execa(join(home, program), args, {
    cwd: tmpdir(),
    env: { RUNNER_ALLOW_RUNASROOT: "1", ...env },
    reject: false,
    stdin: "ignore",
    timeout: 20_000,
  })
}

const configure = (...args: string[]) => run("config.sh", ["--url", URL, "--token", TOKEN, "--unattended", ...args])
const readJson = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(home, file), "utf8"))
const mode = async (file: string) => (await stat(join(home, file))).mode & 0o777
const VERSION = (await readFile(join(SOURCE, "VERSION"), "utf8")).trim()

describe("what the runner says of itself", () => {
  it.each(["bin/Runner.Listener", "config.sh", "run.sh"])(
    "%s knows its version, which tells that it stands in",
    async (program) => {
      expect(VERSION).toMatch(/^\d+\.\d+\.\d+-standin$/)
      expect(await run(program, ["--version"])).toEqual({ exitCode: 0, stdout: VERSION, stderr: "" })
    },
  )

  it("has a commit that changes with the program", async () => {
    const before = await run("bin/Runner.Listener", ["--commit"])
    expect(before.stdout).toMatch(/^[0-9a-f]{40}$/)
    await writeFile(join(home, "lib/another.mjs"), "")
    const after = await run("bin/Runner.Listener", ["--commit"])
    expect(after.stdout).toMatch(/^[0-9a-f]{40}$/)
    expect(after.stdout).not.toBe(before.stdout)
  })

  it("lists every option that it takes", async () => {
    const { exitCode, stdout } = await run("config.sh", ["--help"])
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
    await symlink(join(home, "run.sh"), join(home, "linked"))
    expect((await run("linked", ["--version"])).stdout).toBe(VERSION)
  })
})

describe("config.sh", () => {
  it("writes the configuration in the real runner's form, and no token", async () => {
    const args = [
      "--name",
      "one",
      "--labels",
      "gpu,big",
      "--work",
      "_jobs",
      "--runnergroup",
      "team",
      "--ephemeral",
      "--disableupdate",
      "--replace",
    ]
    const { exitCode, stdout, stderr } = await configure(...args)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout).toMatch(
      new RegExp(
        `^Configured as one for ${URL}, with the labels self-hosted, Linux, ${process.arch.toUpperCase()}, gpu, big\\.\n`,
      ),
    )
    expect(await readJson(".runner")).toEqual({
      agentName: "one",
      poolName: "team",
      serverUrl: URL,
      gitHubUrl: URL,
      workFolder: "_jobs",
      ephemeral: true,
      disableUpdate: true,
    })
    expect(await readJson(".credentials")).toEqual({
      scheme: "OAuth",
      data: {
        clientId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        authorizationUrl: "https://github.example/",
      },
    })
    expect([await mode(".runner"), await mode(".credentials")]).toEqual([0o644, 0o600])
    const files = await Promise.all([".runner", ".credentials"].map((file) => readFile(join(home, file), "utf8")))
    expect(files.join() + stdout).not.toContain(TOKEN)
  })

  it("has defaults for all but the address and the token", async () => {
    await configure()
    expect(await readJson(".runner")).toEqual({
      agentName: hostname(),
      poolName: "Default",
      serverUrl: URL,
      gitHubUrl: URL,
      workFolder: "_work",
    })
  })

  it("takes options from the environment, and the command line's before them", async () => {
    const { exitCode } = await run("config.sh", ["--name", "typed"], {
      ACTIONS_RUNNER_INPUT_URL: URL,
      ACTIONS_RUNNER_INPUT_TOKEN: TOKEN,
      ACTIONS_RUNNER_INPUT_NAME: "environment",
      ACTIONS_RUNNER_INPUT_EPHEMERAL: "true",
      ACTIONS_RUNNER_INPUT_DISABLEUPDATE: "false",
    })
    expect(exitCode).toBe(0)
    expect(await readJson(".runner")).toEqual({
      agentName: "typed",
      poolName: "Default",
      serverUrl: URL,
      gitHubUrl: URL,
      workFolder: "_work",
      ephemeral: true,
    })
  })

  it.each([
    ["no address", ["--token", TOKEN], "--url is missing: the repository, organisation or enterprise to serve."],
    ["no token", ["--url", URL], "--token is missing: a registration token from the repository's settings."],
    ["no URL", ["--url", "github", "--token", TOKEN], "--url github is no URL."],
    ["another protocol", ["--url", "ftp://x/y", "--token", TOKEN], "--url ftp://x/y is neither https nor http."],
    [
      "nobody to serve",
      ["--url", "https://github.com", "--token", TOKEN],
      "--url https://github.com names no repository, organisation or enterprise.",
    ],
    ["too long an address", ["--url", `${URL}/tree`, "--token", TOKEN], "names no repository"],
    [
      "credentials in the address",
      ["--url", "https://me:secret@x/y", "--token", TOKEN],
      "--url has credentials in it; leave them out.",
    ],
    [
      "a name that GitHub would refuse",
      ["--url", URL, "--token", TOKEN, "--name", "x".repeat(65)],
      "--name has 65 characters; 64 are allowed.",
    ],
    ["an empty label", ["--url", URL, "--token", TOKEN, "--labels", "a,,b"], "--labels a,,b has an empty label."],
    [
      "no label at all",
      ["--url", URL, "--token", TOKEN, "--no-default-labels"],
      "--no-default-labels needs labels of your own",
    ],
    ["an unknown option", ["--url", URL, "--lables", "a"], "There is no option --lables here."],
    ["an option without its value", ["--url"], "--url needs a value."],
    ["a value for a flag", ["--replace=yes"], "--replace takes no value."],
    ["a stray word", ["--url", URL, TOKEN], "There is a word on the command line that belongs to no option."],
  ])("refuses %s and writes nothing", async (_case, args, message) => {
    const { exitCode, stdout, stderr } = await run("config.sh", args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain(TOKEN)
    expect(stderr).not.toMatch(/secret|\n\s+at /)
    expect((await readdir(home)).filter((file) => /^\.(?:runner|credentials)/.test(file))).toEqual([])
  })

  it("refuses a second configuration, and leaves the first", async () => {
    await configure("--name", "first")
    const { exitCode, stderr } = await configure("--name", "second")
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      "An error occurred: This runner is already configured. To configure it again, take its configuration away first: ./config.sh remove",
    )
    expect(await readJson(".runner")).toMatchObject({ agentName: "first" })
  })

  it("writes no settings where credentials cannot be its own", async () => {
    await writeFile(join(home, ".credentials"), "another's", { mode: 0o644 })
    const { exitCode, stderr } = await configure()
    expect(exitCode).toBe(1)
    expect(stderr).toContain(".credentials cannot be written: EEXIST.")
    expect(await readFile(join(home, ".credentials"), "utf8")).toBe("another's")
    expect(await readdir(home)).not.toContain(".runner")
  })

  it.skipIf(process.getuid?.() !== 0)("refuses root, as run.sh does (only root can try)", async () => {
    for (const program of ["config.sh", "run.sh"]) {
      const { exitCode, stderr } = await run(program, ["--version"], { RUNNER_ALLOW_RUNASROOT: "" })
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: `${program} is not to be run as root or with sudo; set RUNNER_ALLOW_RUNASROOT=1 to do so all the same.`,
      })
    }
  })
})

describe("config.sh remove", () => {
  const configuration = async () => (await readdir(home)).filter((file) => /^\.(?:runner|credentials)/.test(file))

  it.each([[["--token", TOKEN]], [["--local"]]])(
    "with %j takes the configuration away, and does no harm twice",
    async (args) => {
      await configure()
      expect(await configuration()).toHaveLength(2)
      expect(await run("config.sh", ["remove", ...args])).toMatchObject({
        exitCode: 0,
        stdout: "The configuration was removed.",
      })
      expect(await configuration()).toEqual([])
      expect(await run("config.sh", ["remove", ...args])).toMatchObject({
        exitCode: 0,
        stdout: "There was no configuration to remove.",
      })
    },
  )

  it("wants a token, unless it is for this machine only", async () => {
    await configure()
    const { exitCode, stderr } = await run("config.sh", ["remove"])
    expect(exitCode).toBe(1)
    expect(stderr).toContain("--token is missing")
    expect(await configuration()).toHaveLength(2)
  })

  it("makes room for another configuration", async () => {
    await configure("--name", "first")
    await run("config.sh", ["remove", "--local"])
    expect((await configure("--name", "second")).exitCode).toBe(0)
    expect(await readJson(".runner")).toMatchObject({ agentName: "second" })
  })
})

describe("run.sh", () => {
  /** Waits for a line, then sends a signal. */
  async function signalled(args: readonly string[], line: string, signal: "SIGTERM" | "SIGINT") {
    const runner = start("run.sh", args)
    await new Promise<void>((resolve, reject) => {
      let seen = ""
      runner.stdout.on("data", (chunk: Buffer) => {
        seen += chunk.toString()
        if (seen.includes(line)) resolve()
      })
      runner.stdout.once("end", () => reject(new Error(`ended without "${line}": ${seen}`)))
    })
    runner.kill(signal)
    const { exitCode, stdout, stderr } = await runner
    return { exitCode, stdout, stderr }
  }

  const WAITING = "This version takes no jobs. It waits until it is stopped."

  it("ends at once when the runner is not configured", async () => {
    const { exitCode, stdout, stderr } = await run("run.sh")
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: `Stand-in runner ${VERSION}. This is not the GitHub Actions runner.`,
      stderr: "An error occurred: This runner is not configured. Configure it with ./config.sh, then run it again.",
    })
  })

  it.each(["SIGTERM", "SIGINT"] as const)("says what it is, waits, and ends well on %s", async (signal) => {
    await configure("--name", "one")
    expect(await signalled(["--once"], WAITING, signal)).toEqual({
      exitCode: 0,
      stdout: [
        `Stand-in runner ${VERSION}. This is not the GitHub Actions runner.`,
        `Configured as one for ${URL}.`,
        WAITING,
        `Stopped by ${signal}.`,
      ].join("\n"),
      stderr: "",
    })
  })

  it("refuses a damaged configuration", async () => {
    await writeFile(join(home, ".runner"), "{")
    const { exitCode, stderr } = await run("run.sh")
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/An error occurred: The configuration .*\/\.runner is damaged\./)
  })

  describe("with --jitconfig", () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64")
    const settings = { agentId: 7, agentName: "just-in-time", poolId: 1, gitHubUrl: URL, workFolder: "_work" }
    const jit = (content: object) => base64(JSON.stringify(content))
    const whole = jit({
      // The real service's files begin with a byte order mark.
      ".runner": base64(`\ufeff${JSON.stringify(settings)}`),
      ".credentials": base64("{}"),
      ".credentials_rsaparams": base64("{}"),
    })

    it("runs with the configuration that came with it", async () => {
      const { exitCode, stdout } = await signalled(["--jitconfig", whole], WAITING, "SIGTERM")
      expect(exitCode).toBe(0)
      expect(stdout).toContain(`Configured as just-in-time for ${URL}.`)
      expect(await mode(".credentials_rsaparams")).toBe(0o600)
    })

    it("refuses it for a runner that is configured", async () => {
      await configure("--name", "first")
      const { exitCode, stderr } = await run("run.sh", ["--jitconfig", whole])
      expect(exitCode).toBe(1)
      expect(stderr).toContain("--jitconfig is for a runner without configuration")
      expect(await readJson(".runner")).toMatchObject({ agentName: "first" })
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
    ])("refuses %s and writes nothing", async (_case, given, message) => {
      const { exitCode, stderr } = await run("run.sh", ["--jitconfig", given])
      expect(exitCode).toBe(1)
      expect(stderr).toContain(message)
      expect((await readdir(home)).filter((file) => /^\.(?:runner|credentials)/.test(file))).toEqual([])
    })
  })
})
