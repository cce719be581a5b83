import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { makeCertificate } from "../fake-github/certificate.js"
import { type FakeGitHub, startFakeGitHub } from "../fake-github/fake-github.js"
import type { Job } from "../fake-github/jobs.js"
import { startForwardProxy } from "../forward-proxy.js"
import { type Container, Image, STARTS_NOT, STARTS } from "./entrypoint/container.js"
import { rsaKeyPair } from "../rsa-key-pair.js"

const TOKEN = "ghp_a_token_that_nobody_sees"

let image: Image
let github: FakeGitHub
let containers: Container[]

beforeAll(() => {
  image = Image.create()
})
afterAll(() => image.remove())
beforeEach(async () => {
  containers = []
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: TOKEN })
})
afterEach(async () => {
  for (const container of containers) await container.kill()
  await github.close()
})

function start(environment: Record<string, string> = {}): Container {
  const container = image.start({
    REPO_URL: `${github.url}/octo/example`,
    GITHUB_HOST: github.url,
    GITHUB_API_HOST: github.api,
    ACCESS_TOKEN: TOKEN,
    RUNNER_NAME: "one",
    ...environment,
  })
  containers.push(container)
  return container
}

const job = (run: string): Job => github.jobs.enqueue({ repository: "octo/example", name: "build", steps: [{ run }] })
const names = (): string[] => github.runners.list().map(({ name }) => name)

describe.skipIf(!STARTS)(STARTS ? "a container" : `a container (skipped: ${STARTS_NOT})`, () => {
  it("registers, runs a job, and leaves when it is stopped", async () => {
    const container = start()
    await container.says("Listening for Jobs")
    expect(names()).toEqual(["one"])
    expect(container.health()).toBe("0 healthy: listening")
    const one = await github.waitForJob(job("echo hello; id -u"))
    expect([one.result, one.log.includes("\nhello\n")]).toEqual(["Succeeded", true])
    await container.says("Job build completed with result: Succeeded")
    container.signal("SIGTERM")
    expect(await container.ended()).toBe(0)
    expect([names(), image.has(".runner")]).toEqual([[], false])
    expect(container.health()).toBe("1 unhealthy: no runner was started here")
  })

  it("finishes its job when it is stopped in the middle of one", async () => {
    const container = start()
    await container.says("Listening for Jobs")
    const one = job("sleep 2; echo finished")
    await container.says("Running job: build")
    expect(container.health()).toBe("0 healthy: busy")
    container.signal("SIGTERM")
    await container.says('waiting up to 15 s for the job "build" to end')
    expect(container.health()).toBe("0 healthy: stopping")
    expect(await container.ended()).toBe(0)
    expect([one.result, one.log.includes("\nfinished\n"), names()]).toEqual(["Succeeded", true, []])
  })

  it("gives its job up when that takes longer than the grace", async () => {
    const container = start({ RUNNER_GRACEFUL_STOP_TIMEOUT: "1" })
    await container.says("Listening for Jobs")
    const one = job("sleep 600")
    await container.says("Running job: build")
    container.signal("SIGTERM")
    expect(await container.ended()).toBe(0)
    expect([one.result, names()]).toEqual(["Canceled", []])
  })

  it("hurries at the second signal, and tells by its exit code", async () => {
    const container = start()
    await container.says("Listening for Jobs")
    const one = job("sleep 600")
    await container.says("Running job: build")
    container.signal("SIGTERM")
    await container.says("waiting up to 15 s")
    container.signal("SIGINT")
    expect(await container.ended()).toBe(130)
    expect([one.result, names()]).toEqual(["Canceled", []])
  })

  it("starts again after it was killed, with what that left", async () => {
    const first = start()
    await first.says("Listening for Jobs")
    job("sleep 600")
    await first.says("Running job: build")
    await first.kill()
    expect([names(), image.has(".runner"), first.health()]).toEqual([
      ["one"],
      true,
      "1 unhealthy: no runner was started here",
    ])
    const second = start()
    await second.says("removed the configuration of an earlier start: ")
    await second.says("Listening for Jobs")
    expect(names()).toEqual(["one"])
    const one = await github.waitForJob(job("echo again"))
    expect(one.result).toBe("Succeeded")
    second.signal("SIGTERM")
    expect([await second.ended(), names()]).toEqual([0, []])
  })

  it("ends after its job when it is ephemeral", async () => {
    const one = job("echo once")
    const container = start({ EPHEMERAL: "true" })
    expect(await container.ended()).toBe(0)
    expect([one.result, names(), image.has(".runner")]).toEqual(["Succeeded", [], false])
  })

  it("leaves before its job when it is ephemeral and stopped", async () => {
    const container = start({ EPHEMERAL: "true" })
    await container.says("Listening for Jobs")
    container.signal("SIGTERM")
    expect([await container.ended(), names()]).toEqual([0, []])
  })

  it("uses a registration again that it keeps", async () => {
    const reuse = {
      CONFIGURED_ACTIONS_RUNNER_FILES_DIR: join(image.folder, "kept"),
      DISABLE_AUTOMATIC_DEREGISTRATION: "true",
    }
    const first = start(reuse)
    await first.says("Listening for Jobs")
    const before = github.runners.list().map(({ id }) => id)
    first.signal("SIGTERM")
    expect([await first.ended(), names()]).toEqual([0, ["one"]])
    const second = start(reuse)
    await second.says("the runner is already registered")
    await second.says("Listening for Jobs")
    expect(github.runners.list().map(({ id }) => id)).toEqual(before)
    second.signal("SIGTERM")
    expect(await second.ended()).toBe(0)
  })

  it.skipIf(process.getuid?.() !== 0)("tells of a kept registration that its user may not read", async () => {
    const kept = join(image.folder, "another's")
    mkdirSync(kept)
    for (const name of [".runner", ".credentials"]) writeFileSync(join(kept, name), "{}", { mode: 0o600 })
    const container = start({
      CONFIGURED_ACTIONS_RUNNER_FILES_DIR: kept,
      DISABLE_AUTOMATIC_DEREGISTRATION: "true",
    })
    expect(await container.ended()).toBe(10)
    expect(container.output.replaceAll(image.folder, "").split("error: ")[1]).toMatchInlineSnapshot(`
      "the configuration cannot be kept: user 1001 cannot access /another's/.credentials (EACCES) [CONFIGURATION]
      Make that user the owner of the folder in CONFIGURED_ACTIONS_RUNNER_FILES_DIR and of its files.
      "
    `)
  })

  it("refuses to keep a registration that it takes back", async () => {
    const container = start({ CONFIGURED_ACTIONS_RUNNER_FILES_DIR: join(image.folder, "kept") })
    expect(await container.ended()).toBe(10)
    expect(container.output).toContain("Set DISABLE_AUTOMATIC_DEREGISTRATION=true as well.")
  })

  it("leaves and fails when its listener is killed", async () => {
    const container = start()
    await container.says("Listening for Jobs")
    const listener = container.running("bin/Runner.Listener run")
    process.kill(listener[0] ?? 0, "SIGKILL")
    expect(await container.ended()).toBe(1)
    expect(names()).toEqual([])
  })

  it("ends when somebody removes it on GitHub", async () => {
    const container = start()
    await container.says("Listening for Jobs")
    for (const runner of github.runners.list()) github.runners.remove(runner)
    expect(await container.ended()).toBe(2)
    expect(container.output).toContain("error: GitHub no longer has this runner")
  })

  it("takes a fresh token for leaving, an hour later too", async () => {
    const container = start()
    await container.says("Listening for Jobs")
    github.tokens.expire({ kind: "registration" })
    container.signal("SIGTERM")
    const code = await container.ended()
    expect([code, names()], container.output).toEqual([0, []])
  })

  it("stops while it cannot reach the server to register", async () => {
    await github.down()
    const container = start()
    await container.says("again in")
    expect(container.health()).toMatch(/^1 starting: registering for \d+ s$/)
    container.signal("SIGTERM")
    const asked = performance.now()
    expect(await container.ended()).toBe(0)
    // Nothing was registered, and nobody waits for a server that is away to say so.
    expect(performance.now() - asked).toBeLessThan(10_000)
    await github.up()
  })

  it("shows its secrets to nobody: not in any environment, list of processes, log or file, nor to jobs and hooks", async () => {
    const hook = join(image.folder, "hooks/started.d/10-look")
    const seen = join(image.folder, "work/seen-by-hook")
    writeFileSync(hook, `#!/bin/sh\nenv -0 > "${seen}"\n`)
    chmodSync(hook, 0o755)
    const container = start({ OWN: "of the user", MULTI: "two\nlines", "with.dot": "x", "with-hyphen": "y" })
    await container.says("Listening for Jobs")
    const look =
      "env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c a_token_that; true"
    const one = await github.waitForJob(job(`${look}; sleep 1`))
    expect(container.showing(TOKEN)).toEqual([])
    // The init process and the program start with nothing of the user's; the runner and its jobs have it.
    const showing = container.showing("OWN=of the user")
    expect(showing.filter((line) => !line.includes(`${image.folder}/home/`))).toEqual([])
    expect(showing.some((line) => line.includes("bin/Runner.Listener run"))).toBe(true)
    expect(one.log).not.toContain(TOKEN)
    expect(one.log).toContain("MULTI=two\nlines\n")
    expect(one.log).toContain("with.dot=x\n")
    const hooks = readFileSync(seen, "utf8")
    expect([hooks.includes("OWN=of the user"), hooks.includes(TOKEN), hooks.includes("ACCESS_TOKEN")]).toEqual([
      true,
      false,
      false,
    ])
    expect(container.output).not.toContain(TOKEN)
    expect(image.filesWith(TOKEN)).toEqual([])
    container.signal("SIGTERM")
    await container.ended()
  })

  it("runs hooks of the image and the user's own around a job, and a hook that fails is a job that fails", async () => {
    const script = (name: string, text: string): string => {
      const path = join(image.folder, name)
      writeFileSync(path, `#!/bin/sh\n${text}\n`)
      chmodSync(path, 0o755)
      return path
    }
    const noted = join(image.folder, "work/noted")
    script("hooks/started.d/10-note", `echo started >> "${noted}"`)
    script("hooks/completed.d/10-note", `echo completed >> "${noted}"`)
    const container = start({
      ACTIONS_RUNNER_HOOK_JOB_STARTED: script(
        "own-started.sh",
        `echo own started >> "${noted}"; test ! -e "${noted}-fail"`,
      ),
      ACTIONS_RUNNER_HOOK_JOB_COMPLETED: script("own-completed.sh", `echo own completed >> "${noted}"`),
    })
    await container.says("Listening for Jobs")
    const first = await github.waitForJob(job(`echo job >> "${noted}"`))
    expect([first.result, readFileSync(noted, "utf8")]).toEqual([
      "Succeeded",
      "started\nown started\njob\ncompleted\nown completed\n",
    ])
    writeFileSync(`${noted}-fail`, "")
    const second = await github.waitForJob(job("echo never"))
    expect([second.result, second.log.includes("\nnever\n")]).toEqual(["Failed", false])
    container.signal("SIGTERM")
    await container.ended()
    for (const name of ["started.d", "completed.d"]) rmSync(join(image.folder, "hooks", name, "10-note"))
  })

  it("runs a job with a just-in-time configuration, which is as secret as a token", async () => {
    const answer = await fetch(`${github.api}/repos/octo/example/actions/runners/generate-jitconfig`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ name: "just-in-time", runner_group_id: 1, labels: ["self-hosted"] }),
    })
    const { encoded_jit_config: configuration } = (await answer.json()) as { encoded_jit_config: string }
    const container = start({ ACCESS_TOKEN: "", ACTIONS_RUNNER_INPUT_JITCONFIG: configuration })
    await container.says("Listening for Jobs")
    expect(container.showing(configuration.slice(0, 100))).toEqual([])
    const one = job("env")
    expect(await container.ended()).toBe(0)
    expect([one.result, one.log.includes(configuration.slice(0, 100)), names(), image.has(".runner")]).toEqual([
      "Succeeded",
      false,
      [],
      false,
    ])
  })

  it("registers with an App whose key is on one line, with \\n after its last one too", async () => {
    const { privateKey } = rsaKeyPair()
    const key = privateKey.export({ type: "pkcs1", format: "pem" }).toString()
    const app = github.apps.add(key)
    github.apps.install(app, "octo")
    const container = start({
      ACCESS_TOKEN: "",
      APP_ID: String(app.id),
      APP_PRIVATE_KEY: key.replaceAll("\n", "\\n"),
    })
    await container.says("Listening for Jobs")
    expect(names()).toEqual(["one"])
    container.signal("SIGTERM")
    expect([await container.ended(), names()]).toEqual([0, []])
  })

  it("leaves no zombies of what jobs left behind", async () => {
    const container = start()
    await container.says("Listening for Jobs")
    const one = await github.waitForJob(job("(setsid sleep 0.3 &) ; exit 0"))
    expect(one.result).toBe("Succeeded")
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(container.zombies()).toEqual([])
    container.signal("SIGTERM")
    expect(await container.ended()).toBe(0)
  })

  it("waits without GitHub when registration is skipped", async () => {
    const container = start({ RUNNER_SKIP_REGISTRATION: "true" })
    await container.says("registration is skipped")
    expect(container.health()).toBe("0 healthy: registration is skipped")
    expect(container.output).not.toContain(TOKEN)
    container.signal("SIGTERM")
    expect([await container.ended(), names(), github.requests.list().length]).toEqual([0, [], 0])
  })

  it.each<[string, (certificate: string) => Record<string, string>]>([
    [
      "EXTRA_CA_CERTS",
      (certificate) => {
        const file = join(image.folder, "extra.pem")
        writeFileSync(file, certificate)
        return { EXTRA_CA_CERTS: file }
      },
    ],
    [
      "the administrator's folder",
      (certificate) => {
        const folder = join(image.folder, "root/usr/local/share/ca-certificates/own")
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, "own.crt"), certificate)
        return {}
      },
    ],
    [
      "the system's bundle",
      (certificate) => {
        const folder = join(image.folder, "root/etc/ssl/certs")
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, "ca-certificates.crt"), certificate)
        return {}
      },
    ],
  ])("speaks with a server whose certificate only %s has, and so do its jobs", async (_, give) => {
    const certificate = await makeCertificate(["localhost"])
    const secure = await startFakeGitHub({ host: "localhost", certificate })
    try {
      secure.accounts.addRepository("octo/example")
      secure.tokens.addPersonal({ token: TOKEN })
      const server = { REPO_URL: `${secure.url}/octo/example`, GITHUB_HOST: secure.url, GITHUB_API_HOST: secure.api }
      const without = start(server)
      expect(await without.ended()).toBe(5)
      const container = start({ ...server, ...give(certificate.cert) })
      await container.says("Listening for Jobs")
      const zen = `${secure.api}/meta`
      const one = secure.jobs.enqueue({
        repository: "octo/example",
        steps: [
          { run: `curl -sS -o /dev/null -w 'curl: %{http_code}\n' ${zen}` },
          { run: `node -e 'fetch("${zen}").then(({ status }) => console.log("node: " + status))'` },
        ],
      })
      const { log } = await secure.waitForJob(one)
      expect([/^curl: .*$/m.exec(log)?.[0], /^node: .*$/m.exec(log)?.[0]], log).toEqual(["curl: 200", "node: 200"])
      container.signal("SIGTERM")
      expect([await container.ended(), secure.runners.list().length]).toEqual([0, 0])
    } finally {
      for (const name of ["usr", "etc/ssl"]) rmSync(join(image.folder, "root", name), { recursive: true, force: true })
      await secure.close()
    }
  })

  it("goes through the proxy, whose password no process shows", async () => {
    const proxy = await startForwardProxy("github.example")
    const server = `http://github.example:${github.port}`
    const container = start({
      REPO_URL: `${server}/octo/example`,
      GITHUB_HOST: server,
      GITHUB_API_HOST: `${server}/api/v3`,
      http_proxy: `http://user:a_password_of_the_proxy@127.0.0.1:${proxy.port}`,
    })
    await container.says("# Authentication")
    expect([proxy.credentials[0], proxy.asked[0]]).toEqual([
      "user:a_password_of_the_proxy",
      `github.example:${github.port}`,
    ])
    const showing = container.showing("a_password_of_the_proxy")
    expect(showing.filter((line) => !line.includes(`${image.folder}/home/`))).toEqual([])
    await proxy.close()
  })

  it("takes a proxy without a scheme for itself, and its jobs get one with it", async () => {
    const proxy = await startForwardProxy("github.example")
    const server = `http://github.example:${github.port}`
    const container = start({
      REPO_URL: `${server}/octo/example`,
      GITHUB_HOST: server,
      GITHUB_API_HOST: `${server}/api/v3`,
      HTTP_PROXY: `127.0.0.1:${proxy.port}`,
      https_proxy: `127.0.0.1:${proxy.port}`,
    })
    await container.says("Listening for Jobs")
    const { log } = await github.waitForJob(job("env | grep -i '^https*_proxy=' | sort"))
    const address = `http://127.0.0.1:${proxy.port}`
    expect(
      log
        .split("\n")
        .filter((line) => /^https?_proxy=/i.test(line))
        .sort(),
    ).toEqual(["HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "https_proxy"].map((name) => `${name}=${address}`))
    container.signal("SIGTERM")
    expect([await container.ended(), names()]).toEqual([0, []])
    expect(new Set(proxy.asked)).toEqual(new Set([`github.example:${github.port}`]))
    const { exitCode, output } = image.run(["doctor"], { HTTPS_PROXY: "http://CORP\\me:pass#word@127.0.0.1:1" })
    expect([exitCode, output.includes("Percent-encode it"), output.includes("pass#word")]).toEqual([10, true, false])
    await proxy.close()
  })
})
