import { afterEach, expect, it } from "vitest"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import { tokenSource, type TokenSource } from "../../../docker/runtime/src/github/tokens.js"
import { configurationFor, failureOf, keptLog, QUICK, scriptedServer, type ScriptedServer } from "./scripted-server.js"

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

function source(url: string, changes: Partial<Configuration> = {}): TokenSource {
  return tokenSource(configurationFor(url, changes), { log: keptLog(), userAgent: "test/1", limits: QUICK })
}

it.each([
  ["repository", "repos/octo/example"],
  ["organization", "orgs/octo"],
  ["enterprise", "enterprises/big"],
] as const)("asks for a fresh token each time, %s", async (scope, path) => {
  let number = 0
  server = await scriptedServer(() => ({ status: 201, body: { token: `token-${String(++number)}` } }))
  const token = source(server.url, { target: { scope, path, url: "https://github.com/x", owner: "x" } })
  const got = [await token(), await token()]
  expect(got).toEqual(["token-1", "token-2"])
  expect(server.requests).toEqual([
    `POST /${path}/actions/runners/registration-token`,
    `POST /${path}/actions/runners/registration-token`,
  ])
  expect(server.headers.map(({ authorization }) => authorization)).toEqual(Array(2).fill("Bearer secret-of-the-user"))
})

it("a registration token is used as it is", async () => {
  server = await scriptedServer([])
  const token = source(server.url, { authentication: { kind: "registration-token", token: "given" } })
  expect([await token(), await token()]).toEqual(["given", "given"])
  expect(server.requests).toEqual([])
})

it("a runner that is configured otherwise has no tokens", async () => {
  for (const authentication of [{ kind: "none" }, { kind: "jit", config: "x" }] as const) {
    const token = source("http://127.0.0.1:1", { authentication })
    expect(await failureOf(token())).toMatchInlineSnapshot(
      `"CONFIGURATION: there is no credential to get a registration token with | Set ACCESS_TOKEN, RUNNER_TOKEN, or APP_ID with APP_PRIVATE_KEY."`,
    )
  }
})

it.each(["repository", "organization", "enterprise"] as const)("tells what a token needs, %s", async (scope) => {
  server = await scriptedServer([{ status: 403, body: { message: "Must have admin rights" } }])
  const target = { scope, path: "some/where", url: "https://github.com/x", owner: "x" }
  expect(await failureOf(source(server.url, { target })())).toMatchSnapshot()
})
