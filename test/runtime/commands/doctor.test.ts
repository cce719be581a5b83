import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { doctor } from "../../../docker/runtime/src/commands/doctor.js"
import { findingsTable } from "../../../docker/runtime/src/commands/findings-table.js"
import type { Host } from "../../../docker/runtime/src/configuration/host.js"
import type { Finding } from "../../../docker/runtime/src/doctor/examination/finding.js"
import type { ImageFacts } from "../../../docker/runtime/src/image-facts.js"
import { folderOf, image } from "../doctor/examination.js"
import { freePort } from "../../free-port.js"
import { httpServer, proxyServer } from "../doctor/servers.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

const TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"

const hostOf = (facts: ImageFacts): Host => ({
  hostname: "runner-host",
  uid: 1001,
  image: facts,
  readFile: (path) => readFileSync(path, "utf8"),
  exists: (path) => existsSync(path),
  identity: () => "abcde",
})

/** GitHub's API as far as the checks ask it: https://docs.github.com/rest/actions/self-hosted-runners */
function api(given: { status?: number; date?: string; offered?: string } = {}): Promise<string> {
  const { status = 200, offered = "2.338.0" } = given
  const answer = (path: string, authorization?: string): [status: number, body: unknown] => {
    if (path === "/") return [200, {}]
    if (authorization !== `Bearer ${TOKEN}`) return [401, { message: "Bad credentials" }]
    if (status !== 200) return [status, { message: `no, ${TOKEN} is not enough` }]
    if (path === "/repos/octo/example/actions/runners") return [200, { total_count: 0, runners: [] }]
    if (path === "/repos/octo/example/actions/runners/downloads")
      return [200, [{ filename: `actions-runner-linux-riscv64-${offered}.tar.gz` }]]
    return [404, { message: "Not Found" }]
  }
  return httpServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost")
    if (given.date !== undefined) response.setHeader("Date", given.date)
    const [code, body] = answer(pathname, request.headers.authorization)
    response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(body))
  })
}

const paths = () => ({ home: folderOf({}), root: "/" })

interface Report {
  exitCode: number
  findings: Finding[]
  of(check: string): Finding | undefined
}

async function examine(environment: Record<string, string>, facts = image): Promise<Report> {
  const { output, exitCode } = await doctor(complete(environment), hostOf(facts), { json: true, paths: paths() })
  expect(output).not.toContain(TOKEN)
  const report = JSON.parse(output) as Report
  expect(report.exitCode).toBe(exitCode)
  return { ...report, of: (check) => report.findings.find((finding) => finding.check === check) }
}

/** What does not matter here is well. */
function complete(environment: Record<string, string>): Record<string, string> {
  const folder = folderOf({})
  return {
    PATH: process.env.PATH ?? "",
    TMPDIR: folder,
    RUNNER_WORKDIR: folder,
    RUNNER_TOOL_CACHE: folder,
    DOCKER_HOST: "ssh://docker.example",
    ...environment,
  }
}

const repository = (url: string): Record<string, string> => ({
  REPO_URL: "http://ghes.example/octo/example",
  GITHUB_HOST: "ghes.example",
  GITHUB_API_HOST: url,
  GITHUB_API_PATH: "/",
  ACCESS_TOKEN: TOKEN,
})

describe("doctor", () => {
  it("finds no problem where there is none, without registering", async () => {
    const report = await examine(repository(await api()))
    expect(report.findings.filter(({ status }) => status === "problem")).toEqual([])
    expect(report.exitCode).toBe(0)
    expect(report.of("server")?.status).toBe("ok")
    expect(report.of("clock")).toMatchObject({ status: "ok", text: "agrees with the server's" })
    expect(report.of("credentials")).toMatchObject({
      status: "ok",
      text: "the token can list the runners of repos/octo/example",
    })
    expect(report.of("runner")).toMatchObject({
      status: "ok",
      text: "2.338.0, not older than the version that GitHub offers",
    })
  })

  it("finds the errors of a configuration, and looks at everything else all the same", async () => {
    const report = await examine({ ACCESS_TOKEN: TOKEN, GITHUB_HOST: "ghes.example" })
    expect(report.exitCode).toBe(10)
    expect(report.of("configuration")).toMatchObject({ status: "problem", code: "CONFIGURATION" })
    expect(report.of("server")?.status).toBe("skipped")
    expect(report.of("credentials")?.status).toBe("skipped")
    expect(report.of("page size")).toBeDefined()
  })

  it.each([
    [401, 3, "TOKEN_INVALID"],
    [403, 3, "TOKEN_INVALID"],
    [404, 4, "NOT_FOUND"],
    [503, 5, "NETWORK"],
  ])("finds credentials that GitHub answers with %i", async (status, exitCode, code) => {
    const report = await examine(repository(await api({ status })))
    expect(report.of("credentials")).toMatchObject({ status: "problem", code })
    expect(report.of("credentials")?.remedy).toBeDefined()
    expect(report.exitCode).toBe(exitCode)
  })

  it("finds a token that GitHub does not know", async () => {
    const report = await examine({ ...repository(await api()), ACCESS_TOKEN: "ghp_revoked" })
    expect([report.of("credentials")?.code, report.exitCode]).toEqual(["TOKEN_INVALID", 3])
    expect(JSON.stringify(report)).not.toContain("ghp_revoked")
  })

  it("finds an App that is not known", async () => {
    const { privateKey } = rsaKeyPair()
    const { ACCESS_TOKEN, ...app } = repository(await api())
    const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString()
    const report = await examine({ ...app, APP_ID: "12345", APP_PRIVATE_KEY: pem })
    expect([report.of("credentials")?.code, report.exitCode]).toEqual(["TOKEN_INVALID", 3])
    expect(JSON.stringify(report)).not.toContain(pem.slice(100, 160))
  })

  it("says what cannot be tried without using it up", async () => {
    const { ACCESS_TOKEN, ...rest } = repository(await api())
    const report = await examine({ ...rest, RUNNER_TOKEN: "AABBCCDDEEFFGGHHIIJJKKLLMMNNOO" })
    expect(report.of("credentials")).toMatchObject({ status: "skipped" })
    expect(report.exitCode).toBe(0)
  })

  it("works without a network, and says so", async () => {
    const report = await examine(repository(`http://127.0.0.1:${await freePort()}`))
    expect(report.of("server")).toMatchObject({ status: "problem", code: "NETWORK" })
    expect(report.of("server")?.text).toMatch(/: TCP failed: connect ECONNREFUSED /)
    expect(["clock", "credentials", "services"].map((check) => report.of(check)?.status)).toEqual([
      "skipped",
      "skipped",
      undefined,
    ])
    expect(report.exitCode).toBe(5)
  })

  it("finds a clock that is wrong", async () => {
    const report = await examine(repository(await api({ date: new Date(Date.now() - 300_000).toUTCString() })))
    expect(report.of("clock")?.text).toMatch(
      /^(?:299|300|301) s ahead of the server's: GitHub refuses what an App signs with it$/,
    )
    expect(report.exitCode).toBe(0)
  })

  it("finds a runner that is older than what GitHub offers", async () => {
    const report = await examine(repository(await api({ offered: "2.340.1" })))
    expect(report.of("runner")).toMatchObject({ status: "warning", remedy: "pull a newer image" })
    expect(report.exitCode).toBe(0)
  })

  it("finds certificates that are none", async () => {
    const file = join(folderOf({ "ca.pem": "nonsense" }), "ca.pem")
    const report = await examine({ ...repository(await api()), EXTRA_CA_CERTS: file })
    expect(report.of("certificates")).toMatchObject({ status: "problem", code: "CONFIGURATION" })
    expect(report.exitCode).toBe(10)
  })

  it("reads ENV_FILE as a start would", async () => {
    const proxy = await proxyServer()
    const file = join(folderOf({ env: `HTTP_PROXY=${proxy.url}\n` }), "env")
    await examine({ ...repository("http://ghes.invalid"), ENV_FILE: file })
    expect(proxy.asked[0]).toBe("GET http://ghes.invalid/")
  })

  it("finds a proxy that is none", async () => {
    const report = await examine({ ...repository(await api()), HTTP_PROXY: "http://user:password@" })
    expect(report.exitCode).not.toBe(0)
    expect(JSON.stringify(report)).not.toContain("password")
  })

  it("prints a table", async () => {
    const environment = complete(repository(`http://127.0.0.1:${await freePort()}`))
    const { output, exitCode } = await doctor(environment, hostOf(image), { json: false, paths: paths() })
    expect(output).toMatch(
      /^ok {7}configuration +valid: https:\/\/ghes\.example\/octo\/example, as github-runner-abcde\n/,
    )
    expect(output).toMatch(/\nproblem {2}server +http:\/\/127\.0\.0\.1:\d+: TCP failed: .*\n {9}→ /)
    expect(exitCode).toBe(5)
  })
})

describe("a table of findings", () => {
  it("has remedies below what they are for, and what it comes to", () => {
    const findings: Finding[] = [
      { check: "configuration", status: "problem", text: "two errors:\none\ntwo", remedy: "set them" },
      { check: "clock", status: "skipped", text: "no server reported the time" },
      { check: "shared memory", status: "warning", text: "64 MiB", remedy: "give the container --shm-size 2g" },
      { check: "cpu", status: "ok", text: "fast" },
    ]
    expect(findingsTable(findings)).toMatchInlineSnapshot(`
      "problem  configuration  two errors:
               one
               two
               → set them
      skipped  clock          no server reported the time
      warning  shared memory  64 MiB
               → give the container --shm-size 2g
      ok       cpu            fast

      1 problem, 1 warning.
      "
    `)
    expect(findingsTable(findings.slice(3)).split("\n").at(-2)).toBe("No problems found.")
  })
})
