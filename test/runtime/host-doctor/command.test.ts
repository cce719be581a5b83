import { describe, expect, it } from "vitest"
import { commandLine } from "../../unit/cli/command-line.js"
import { TestHost } from "./hosts.js"

/** The variables of a test's host, without a folder for credentials and with programs of its own before this host's. */
async function environment(): Promise<{ host: TestHost; env: Record<string, string> }> {
  const host = await TestHost.make()
  const { HOME = "", PATH = "", http_proxy = "", no_proxy = "" } = host.world.env
  return {
    host,
    env: {
      HOME,
      PATH: `${PATH}:${process.env.PATH ?? ""}`,
      http_proxy,
      https_proxy: http_proxy,
      no_proxy,
      DOCKER_CONFIG: HOME,
    },
  }
}

describe("runner-images doctor", () => {
  it("ends with the exit code of the first problem, and gives its answer all the same", async () => {
    const { host, env } = await environment()
    const mirror = await host.serve((_, response) => response.end("[]"))
    const { exitCode, stdout, stderr } = await commandLine(["doctor", "--mirror", mirror], env)
    // The engine that this test's environment names does not exist.
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^ok {7}Node\.js /)
    expect(stdout).toMatch(/\nproblem {2}engine +No Dagger engine answers at unix:\/\/<work>\/no-engine\.sock: /)
    expect(stderr).toMatchInlineSnapshot(`
      "error: 2 problems were found; the first is engine: No Dagger engine answers at unix://<work>/no-engine.sock: connect ENOENT <work>/no-engine.sock. [ENGINE_UNAVAILABLE]
      Try this: Start that engine, or unset _EXPERIMENTAL_DAGGER_RUNNER_HOST to let runner-images find one."
    `)
  })

  it("gives JSON on both streams, and a report beside it", async () => {
    const { host, env } = await environment()
    const mirror = await host.serve((_, response) => response.end("[]"))
    const words = ["doctor", "--json", "--quiet", "--mirror", mirror, "--bug-report", "report.tar.gz"]
    const { exitCode, stdout, stderr } = await commandLine(words, env)
    const answer = JSON.parse(stdout) as {
      exitCode: number
      findings: { check: string; status: string; code?: string }[]
    }
    expect(answer.exitCode).toBe(exitCode)
    expect(answer.findings.find(({ check }) => check === "engine")).toMatchObject({
      status: "problem",
      code: "ENGINE_UNAVAILABLE",
      remedy: "Start that engine, or unset _EXPERIMENTAL_DAGGER_RUNNER_HOST to let runner-images find one.",
    })
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "ENGINE_UNAVAILABLE", exitCode: 1 } })
    const again = await commandLine(words, env)
    expect({ exitCode: again.exitCode, stdout: again.stdout }).toEqual({ exitCode: 2, stdout: "" })
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { problem: "report.tar.gz exists." } })
  })

  it("ends with 5 if all it finds is that a server cannot be reached", async () => {
    const { host, env } = await environment()
    const engine = await host.serve(() => undefined)
    const mirror = await host.serve((_, response) => response.end("[]"))
    // The proxy opens no tunnel to the registry of the base image.
    const { exitCode, stdout } = await commandLine(["doctor", "--mirror", mirror], {
      ...env,
      _EXPERIMENTAL_DAGGER_RUNNER_HOST: engine.replace("http", "tcp"),
    })
    expect(stdout).toMatch(/\nok {7}engine .*answers\n/)
    expect(stdout).toMatch(/\nproblem {2}base image .* through the proxy 127\.0\.0\.1:\d+: proxy failed: /)
    expect(stdout.match(/^problem /gm)).toHaveLength(1)
    expect(exitCode).toBe(5)
  })
})
