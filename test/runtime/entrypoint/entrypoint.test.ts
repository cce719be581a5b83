import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { type Container, Image, STARTS_NOT, STARTS, USER } from "./container.js"

const ROOT = process.getuid?.() === 0
const TOKEN = "ghp_a_token_that_nobody_sees"

let image: Image
let github: FakeGitHub
const containers: Container[] = []

beforeAll(async () => {
  image = Image.create()
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: TOKEN })
})
afterAll(async () => {
  image.remove()
  await github.close()
})
afterEach(async () => {
  for (const container of containers.splice(0)) await container.kill()
})

describe.skipIf(!STARTS)(STARTS ? "the entrypoint" : `the entrypoint (skipped: ${STARTS_NOT})`, () => {
  it("runs commands and hands on their exit codes", () => {
    expect(image.run(["--version"])).toMatchObject({ exitCode: 0 })
    expect(image.run(["--version"]).output).toMatch(/^variant +standard$/m)
    expect(image.run(["/entrypoint.sh", "--version"])).toMatchObject({ exitCode: 0 })
    expect(image.run(["--verison"])).toEqual({
      exitCode: 10,
      output:
        "error: there is no option --verison [CONFIGURATION]\nDid you mean --version? --help lists all commands and options.\n",
    })
    expect(image.run(["docter"])).toMatchObject({ exitCode: 10 })
    expect(image.run(["--help"])).toMatchObject({ exitCode: 0 })
  })

  it("says what is missing when nothing is configured", () => {
    const { exitCode, output } = image.run([])
    expect([exitCode, output.includes("[CONFIGURATION]"), output.includes("    at ")]).toEqual([10, true, false])
  })

  it("is not stopped by a large environment", () => {
    const large = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`LARGE_${index}`, "x".repeat(100_000)]))
    expect(image.run(["--version"], large)).toMatchObject({ exitCode: 0 })
  })

  it("runs another program in place of the runner, with all that was given", () => {
    expect(image.run(["sh", "-c", 'echo "$ACCESS_TOKEN"; exit 3'], { ACCESS_TOKEN: TOKEN })).toEqual({
      exitCode: 3,
      output: `${TOKEN}\n`,
    })
  })

  it("hands over arguments as they are, and keeps them out of the list of processes", async () => {
    expect(image.run(["--json=a  *"])).toMatchObject({
      exitCode: 10,
      output: expect.stringContaining("there is no option --json=a  * [") as unknown,
    })
    const container = image.start(
      { RUNNER_SKIP_REGISTRATION: "true", REPO_URL: `${github.url}/octo/example`, ACCESS_TOKEN: TOKEN },
      { args: ["./bin/Runner.Listener", "run", "--startuptype", "service"] },
    )
    containers.push(container)
    await container.says("registration is skipped")
    const lines = container.commandLines()
    expect(lines.join("\n")).toContain("runtime.mjs")
    expect(lines.join("\n")).not.toMatch(/Runner\.Listener|startuptype/)
  })

  it("is enough for the health check, which is another process", () => {
    expect(image.run(["health"])).toEqual({ exitCode: 1, output: "unhealthy: no runner was started here\n" })
  })
})

/** Who starts the entrypoint, and what becomes of it. */
const STARTERS: [string, string[], Record<string, string>, number][] = [
  ["root, which is given away", [], {}, USER],
  ["root that is to give that away", [], { RUN_AS_ROOT: "false" }, USER],
  ["root that is to stay", [], { RUN_AS_ROOT: "true" }, 0],
  ["root without its capabilities", ["setpriv", "--bounding-set", "-all", "--inh-caps=-all", "--no-new-privs"], {}, 0],
  ["the image's user", ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"], {}, USER],
  [
    "the image's user without capabilities",
    [
      "setpriv",
      `--reuid=${USER}`,
      `--regid=${USER}`,
      "--clear-groups",
      "--bounding-set=-all",
      "--inh-caps=-all",
      "--no-new-privs",
    ],
    {},
    USER,
  ],
  ["a user that nobody knows", ["setpriv", "--reuid=54321", "--regid=0", "--clear-groups"], {}, 54321],
  [
    "the image's user with Docker's own init process",
    ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "tini", "-s", "--"],
    {},
    USER,
  ],
]

describe.skipIf(!STARTS || !ROOT)(ROOT ? "started by" : "started by others (skipped: only root can)", () => {
  it.each(STARTERS)("%s, a runner works", async (who, as, environment, uid) => {
    const own = Image.create()
    try {
      const container = own.start(
        {
          REPO_URL: `${github.url}/octo/example`,
          GITHUB_HOST: github.url,
          GITHUB_API_HOST: github.api,
          ACCESS_TOKEN: TOKEN,
          RUNNER_NAME: `runner-${uid}`,
          ...environment,
        },
        { as },
      )
      containers.push(container)
      await container.says("Listening for Jobs")
      const job = github.jobs.enqueue({
        repository: "octo/example",
        steps: [{ run: 'id -u; echo "HOME $HOME"; touch "$HOME/written" && echo written; pwd' }],
      })
      await github.waitForJob(job)
      await container.says("completed with result: Succeeded")
      expect(job.log.replaceAll(own.folder, "")).toMatch(new RegExp(`(^|\n)${uid}\nHOME /.*\nwritten\n`))
      // The one who was in front of the entrypoint has what it was given, and nothing of ours does.
      const showing = container.showing(TOKEN).filter((line) => !line.startsWith("tini -s -- "))
      expect(showing).toEqual([])
      expect(container.output.includes("jobs can read secrets")).toBe(who.includes("Docker's own"))
      // The line comes before what the health check reads.
      await expect
        .poll(() => own.run(["health"], environment, as))
        .toEqual({ exitCode: 0, output: "healthy: listening\n" })
      container.signal("SIGTERM")
      expect(await container.ended()).toBe(0)
      expect(github.runners.list().map(({ name }) => name)).toEqual([])
    } finally {
      own.remove()
    }
  })

  it("a user who may not become another, that is an error", async () => {
    const container = image.start(
      { REPO_URL: `${github.url}/octo/example`, ACCESS_TOKEN: TOKEN, RUN_AS_ROOT: "false" },
      { as: ["setpriv", "--bounding-set", "-all", "--inh-caps=-all", "--no-new-privs"] },
    )
    containers.push(container)
    expect(await container.ended()).toBe(10)
    expect(container.output.replaceAll(image.folder, "").split("error: ")[1]).toMatchInlineSnapshot(`
      "RUN_AS_ROOT=false requires switching from root to user 1001, which this container cannot do: without the capability KILL, it could not be stopped [CONFIGURATION]
      Start it with --user 1001, or with --cap-add CHOWN,KILL,SETUID,SETGID.
      "
    `)
  })
})

describe.skipIf(!STARTS)("Docker in the container", () => {
  it("that the image does not have is an error, with what to do", async () => {
    const container = image.start({
      REPO_URL: `${github.url}/octo/example`,
      ACCESS_TOKEN: TOKEN,
      START_DOCKER_SERVICE: "true",
      PATH: pathWithoutDocker(),
    })
    containers.push(container)
    expect(await container.ended()).toBe(10)
    expect(container.output).toContain(
      "START_DOCKER_SERVICE requires a Docker daemon in this container, but the image has none [CONFIGURATION]",
    )
  })

  it.skipIf(!ROOT)("whose socket is for another group is told of", async () => {
    const own = Image.create()
    const socket = join(own.folder, "docker.sock")
    spawnSync("python3", ["-c", `import socket; socket.socket(socket.AF_UNIX).bind("${socket}")`])
    spawnSync("chown", ["0:4242", socket])
    chmodSync(socket, 0o660)
    const as = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"]
    const container = own.start({ RUNNER_SKIP_REGISTRATION: "true", DOCKER_HOST: `unix://${socket}` }, { as })
    containers.push(container)
    await container.says("registration is skipped")
    expect(
      container.output
        .replaceAll(own.folder, "")
        .split("\n")
        .find((line) => line.includes("cannot use")),
    ).toMatchInlineSnapshot(
      `"runner-images: warning: jobs cannot use Docker: /docker.sock belongs to group 4242, which this user is not in. Start the container with --group-add 4242 (Compose: group_add, Kubernetes: supplementalGroups)"`,
    )
    // Root takes the group with it when it drops its privileges.
    const root = own.start({ RUNNER_SKIP_REGISTRATION: "true", RUN_AS_ROOT: "false", DOCKER_HOST: `unix://${socket}` })
    containers.push(root)
    await root.says("registration is skipped")
    expect(root.output).not.toContain("jobs cannot use Docker")
    expect(root.groups()).toEqual([USER, 4242])
    for (const container of containers) container.signal("SIGTERM")
    for (const container of containers) await container.ended()
    own.remove()
  })
})

/** A folder with what the entrypoint needs. */
function pathWithoutDocker(): string {
  const folder = join(image.folder, "bin")
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "node"), `#!/bin/sh\nexec "${process.execPath}" "$@"\n`)
  chmodSync(join(folder, "node"), 0o755)
  return folder
}
