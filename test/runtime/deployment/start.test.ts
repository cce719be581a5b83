import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { AGENT, type Container, Image, STARTS_NOT, STARTS, USER } from "../entrypoint/container.js"
import { composeFiles } from "../../unit/deployment/compose-file.js"

const TOKEN = "ghp_a_token_that_nobody_sees"

const why =
  process.getuid?.() !== 0
    ? "only root can drop its privileges"
    : !STARTS
      ? STARTS_NOT
      : spawnSync("setpriv", ["--version"]).status !== 0
        ? "setpriv is not installed"
        : undefined

/** As Docker starts a service of the compose files: root, without privileges to come by, and with these capabilities alone. */
function asCompose(capabilities: readonly string[] = []): string[] {
  const bounding = capabilities.map((name) => `+${name.toLowerCase()}`).join()
  return ["setpriv", "--no-new-privs", `--bounding-set=-all,${bounding}`, "--inh-caps=-all"]
}

const [file] = composeFiles()
const AS_COMPOSE = asCompose(file?.service.cap_add)
const BROKER_AS_COMPOSE = asCompose(file?.broker.cap_add)

describe.skipIf(why !== undefined)(
  why === undefined ? "as compose starts it" : `as compose starts it (skipped: ${why})`,
  () => {
    let github: FakeGitHub
    let image: Image
    let container: Container | undefined

    beforeAll(async () => {
      github = await startFakeGitHub()
      github.accounts.addRepository("octo/example")
      github.tokens.addPersonal({ token: TOKEN })
      image = Image.create()
    })
    afterAll(async () => {
      await container?.kill()
      image.remove()
      await github.close()
    })

    it("a runner works, whose jobs can read no secret, and that is looked after and stopped", async () => {
      const secret = join(image.folder, "secret")
      writeFileSync(secret, TOKEN)
      chmodSync(secret, 0o600)
      // Somebody's on the host.
      chownSync(secret, 1000, 1000)
      container = image.start(
        {
          REPO_URL: `${github.url}/octo/example`,
          GITHUB_HOST: github.url,
          GITHUB_API_HOST: github.api,
          ACCESS_TOKEN_FILE: secret,
          RUN_AS_ROOT: "false",
        },
        { as: AS_COMPOSE },
      )
      await container.says("Listening for Jobs")
      // Docker starts the health check with the same user and capabilities.
      expect(image.run(["health"], {}, AS_COMPOSE)).toEqual({ exitCode: 0, output: "healthy: listening\n" })
      const job = github.jobs.enqueue({
        repository: "octo/example",
        steps: [
          { run: `id -u; cat ${secret} || echo "no secret"; grep -E "^(CapEff|CapPrm|NoNewPrivs)" /proc/self/status` },
        ],
      })
      await github.waitForJob(job)
      expect(job.log.replaceAll("\t", " ")).toMatch(
        new RegExp(`(^|\n)${USER}\n(cat: .*Permission denied\n)?no secret\nCapPrm: 0+\nCapEff: 0+\nNoNewPrivs: 1\n`),
      )
      expect(job.log).not.toContain(TOKEN)
      container.signal("SIGTERM")
      expect(await container.ended()).toBe(0)
      expect(container.output).not.toContain(TOKEN)
      expect(github.runners.list()).toEqual([])
    })
  },
)

describe.skipIf(why !== undefined)(
  why === undefined ? "as compose starts both" : `as compose starts both (skipped: ${why})`,
  () => {
    let github: FakeGitHub
    const images: Image[] = []
    const containers: Container[] = []
    /** The volume that both containers mount, and the socket in it. */
    let folder: string
    let socket: string
    let secret: string

    beforeAll(async () => {
      github = await startFakeGitHub()
      github.accounts.addRepository("octo/example")
      github.tokens.addPersonal({ token: TOKEN })
      folder = mkdtempSync(join(tmpdir(), "runner-socket-"))
      chmodSync(folder, 0o755)
      mkdirSync(join(folder, "volume"), { mode: 0o700 })
      chownSync(join(folder, "volume"), AGENT, AGENT)
      socket = join(folder, "volume/broker.sock")
      secret = join(folder, "secret")
      writeFileSync(secret, TOKEN)
      chmodSync(secret, 0o600)
      chownSync(secret, 1000, 1000)
    })
    afterAll(async () => {
      for (const container of containers) await container.kill()
      for (const image of images) image.remove()
      rmSync(folder, { recursive: true })
      await github.close()
    })

    function imageOf(): Image {
      const image = Image.create()
      images.push(image)
      return image
    }

    function start(image: Image, more: Readonly<Record<string, string>>, args: string[] = []): Container {
      const as = args[0] === "broker" ? BROKER_AS_COMPOSE : AS_COMPOSE
      const container = image.start(more, { args, as })
      containers.push(container)
      return container
    }

    function startBroker(image: Image): Container {
      return start(
        image,
        {
          REPO_URL: `${github.url}/octo/example`,
          GITHUB_HOST: github.url,
          GITHUB_API_HOST: github.api,
          ACCESS_TOKEN_FILE: secret,
          BROKER_LISTEN: `unix://${socket}`,
          BROKER_GRACE_SECONDS: "1",
          RUNNER_EPHEMERAL: "true",
        },
        ["broker"],
      )
    }

    /** Names on GitHub's list. */
    const left = () =>
      github.runners
        .list()
        .map(({ name }) => name)
        .sort()

    const runnerOf = (name: string) => ({
      BROKER_URL: `unix://${socket}`,
      RUNNER_NAME: name,
      RUNNER_EPHEMERAL: "true",
      RUN_AS_ROOT: "false",
    })

    it("ephemeral runners work without a credential, and their jobs can read no secret and use no socket", async () => {
      const brokersImage = imageOf()
      let broker = startBroker(brokersImage)
      await broker.says("the broker for")
      // Compose waits for that before it starts a runner.
      expect(brokersImage.run(["health"], {}, BROKER_AS_COMPOSE)).toEqual({
        exitCode: 0,
        output: expect.stringMatching(/^healthy: /) as string,
      })
      const [program = 0] = broker.running("runtime.mjs").slice(-1)
      expect(readFileSync(`/proc/${String(program)}/status`, "utf8")).toMatch(
        new RegExp(`^Uid:\\s+${AGENT}\\s+${AGENT}\\s+${AGENT}\\s+${AGENT}$[^]*^CapPrm:\\s+0+$`, "m"),
      )

      const [image, second] = [imageOf(), imageOf()]
      const [runner, other] = [start(image, runnerOf("one")), start(second, runnerOf("two"))]
      await Promise.all([runner.says("Listening for Jobs"), other.says("Listening for Jobs")])
      expect(image.run(["health"], {}, AS_COMPOSE)).toEqual({ exitCode: 0, output: "healthy: listening\n" })
      expect(left()).toEqual(["one", "two"])

      for (const container of containers) expect(container.showing(TOKEN)).toEqual([])

      const reach = `import socket; print(socket.socket(socket.AF_UNIX).connect_ex("${socket}"))`
      const job = github.jobs.enqueue({
        repository: "octo/example",
        steps: [{ run: `id -u; python3 -c '${reach}'; cat ${secret} || echo "no secret"` }],
      })
      await github.waitForJob(job)
      expect(job.log).toMatch(new RegExp(`(^|\n)${USER}\n13\n(cat: .*Permission denied\n)?no secret\n`))
      expect(job.log).not.toContain(TOKEN)
      const remaining = await Promise.race([runner.ended().then(() => other), other.ended().then(() => runner)])
      expect(left()).toHaveLength(1)

      // The broker's container is replaced while a runner listens, which goes on, and leaves by the new one.
      broker.signal("SIGTERM")
      expect(await broker.ended()).toBe(0)
      broker = startBroker(brokersImage)
      await remaining.says("the connection to the broker is restored")
      expect(left()).toHaveLength(1)
      remaining.signal("SIGTERM")
      expect(await remaining.ended()).toBe(0)
      expect(left()).toEqual([])

      for (const container of containers) expect(container.output).not.toContain(TOKEN)
    })

    it("a runner whose container is killed leaves the list by the broker", async () => {
      const runner = start(imageOf(), runnerOf("three"))
      await runner.says("Listening for Jobs")
      expect(left()).toEqual(["three"])
      await runner.kill()
      github.settings.sessionSeconds = 1
      // The broker looks at what it registered every few seconds.
      await vi.waitFor(() => expect(left()).not.toContain("three"), 30_000)
    })
  },
)
