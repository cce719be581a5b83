import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makeCertificate } from "../fake-github/certificate.js"
import { type FakeGitHub, startFakeGitHub } from "../fake-github/fake-github.js"
import { AGENT, type Container, Image, STARTS, STARTS_NOT, USER } from "./entrypoint/container.js"
import { freePort } from "./github/scripted-server.js"
import { until } from "./runner/runner-folder.js"

const TOKEN = "ghp_a_secret_of_the_broker"
const ROOT = process.getuid?.() === 0
const AS_USER = ["setpriv", `--reuid=${String(USER)}`, `--regid=${String(USER)}`, "--clear-groups"]

let github: FakeGitHub
let images: Image[]
let containers: Container[]
beforeEach(async () => {
  images = []
  containers = []
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: TOKEN })
})
afterEach(async () => {
  for (const container of containers) await container.kill()
  for (const image of images) image.remove()
  await github.close()
})

/** A container with files of its own, so that containers of one test are apart as they are elsewhere. */
function start(environment: Record<string, string>, options: { args?: string[]; as?: string[] } = {}): Container {
  const image = Image.create()
  images.push(image)
  const container = image.start(environment, options)
  containers.push(container)
  return container
}

const server = () => ({ REPO_URL: `${github.url}/octo/example`, GITHUB_HOST: github.url, GITHUB_API_HOST: github.api })
const names = (): string[] => github.runners.list().map(({ name }) => name)

/** A folder that both containers see, and that is the broker's user's. */
function sharedFolder(): string {
  const image = Image.create()
  images.push(image)
  const folder = join(image.folder, "shared")
  mkdirSync(folder)
  chownSync(folder, AGENT, AGENT)
  return folder
}

const SKIP = !STARTS || !ROOT
const WHY = STARTS ? "only root can be two users" : STARTS_NOT

describe.skipIf(SKIP)(SKIP ? `a broker in a container (skipped: ${WHY})` : "a broker in a container", () => {
  it("registers the runner of another by a socket, which jobs cannot open, and removes it when it was killed", async () => {
    const socket = join(sharedFolder(), "broker.sock")
    const broker = start(
      { ...server(), ACCESS_TOKEN: TOKEN, BROKER_LISTEN: `unix://${socket}`, BROKER_GRACE_SECONDS: "1" },
      { args: ["broker"] },
    )
    await broker.says("listens on")
    expect([broker.output.includes(`as user ${String(AGENT)}`), statSync(socket).uid]).toEqual([true, AGENT])
    expect(broker.health()).toBe("0 healthy: listening for runners")

    const runner = start({ BROKER_URL: `unix://${socket}`, RUNNER_NAME: "one" })
    await runner.says("Listening for Jobs")
    const look = `cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c secret_of_the_[b]roker || true
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("${socket}")' 2>&1 | tail -1; id -u; true`
    const job = await github.waitForJob(github.jobs.enqueue({ repository: "octo/example", steps: [{ run: look }] }))
    expect(job.log).toMatch(new RegExp(`\n0\nPermissionError: .*\n${String(USER)}\n`))
    for (const container of containers) {
      expect(container.output).not.toContain(TOKEN)
      expect(container.showing(TOKEN)).toEqual([])
    }
    await runner.kill()
    // GitHub notices after a while that nobody is there.
    for (const listed of github.runners.list()) listed.session = undefined
    await until(() => names().length === 0)
    broker.signal("SIGTERM")
    expect([await broker.ended(), existsSync(socket)]).toEqual([0, false])
  })

  it("registers the runner of a container of another user by TLS, which leaves when it is stopped", async () => {
    const folder = sharedFolder()
    const [own, other, port] = [await makeCertificate(), await makeCertificate(), await freePort()]
    const files = (name: string, { cert, key }: typeof own, authority: typeof own): Record<string, string> => {
      const write = (file: string, text: string): string => {
        const path = join(folder, `${name}-${file}`)
        writeFileSync(path, text)
        chmodSync(path, 0o644)
        return path
      }
      return {
        BROKER_CERT_FILE: write("cert.pem", cert),
        BROKER_KEY: key,
        BROKER_CA_FILE: write("ca.pem", authority.cert),
      }
    }
    const broker = start(
      {
        ...server(),
        ...files("broker", own, other),
        ACCESS_TOKEN: TOKEN,
        BROKER_LISTEN: `tls://127.0.0.1:${String(port)}`,
      },
      { args: ["broker"] },
    )
    await broker.says("listens on")
    const runner = start(
      {
        ...files("runner", other, own),
        BROKER_URL: `tls://localhost:${String(port)}`,
        RUNNER_NAME: "one",
        RUNNER_EPHEMERAL: "true",
      },
      { as: AS_USER },
    )
    await runner.says("Listening for Jobs")
    expect(names()).toEqual(["one"])
    runner.signal("SIGTERM")
    expect([await runner.ended(), names()], runner.output).toEqual([0, []])
    broker.signal("SIGTERM")
    expect(await broker.ended()).toBe(0)
  })

  it("listens nowhere with a token that registers alone", async () => {
    const broker = start({ ...server(), RUNNER_TOKEN: "AAAABBBBCCCCDDDDEEEEFFFFGGGGH" }, { args: ["broker"] })
    expect(await broker.ended()).toBe(10)
    expect(broker.output).toContain("RUNNER_TOKEN cannot register the runners of other containers")
  })

  it("forgets its credential once the runner is registered", async () => {
    const runner = start({ ...server(), ACCESS_TOKEN: TOKEN, RUNNER_NAME: "one", FORGET_CREDENTIAL: "true" })
    await runner.says("Listening for Jobs")
    const agents = (): number[] =>
      runner.processes().filter((pid) => statSync(`/proc/${String(pid)}`, { throwIfNoEntry: false })?.uid === AGENT)
    await until(() => agents().length === 0)
    runner.signal("SIGTERM")
    expect(await runner.ended()).toBe(0)
    expect(runner.output).toContain("there is no credential to remove the runner with")
    expect(names()).toEqual(["one"])
  })
})
