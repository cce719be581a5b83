import { afterEach, expect, it } from "vitest"
import { runnersOf } from "../../../docker/runtime/src/github/runners.js"
import {
  type Answer,
  configurationFor,
  failureOf,
  keptLog,
  QUICK,
  scriptedServer,
  type ScriptedServer,
} from "./scripted-server.js"

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function runners(script: Parameters<typeof scriptedServer>[0]) {
  server = await scriptedServer(script)
  const found = runnersOf(configurationFor(server.url), { log: keptLog(), userAgent: "test/1", limits: QUICK })
  if (!found) throw new Error("a personal token may list runners")
  return { runners: found, requests: server.requests }
}

/** A server that knows no filter by name, with 250 runners. */
function listing(request: string): Answer {
  const query = new URL(request.slice("GET ".length), "http://server").searchParams
  const first = (Number(query.get("page")) - 1) * Number(query.get("per_page"))
  const all = Array.from({ length: 250 }, (_, index) => ({
    id: index + 1,
    name: `runner-${String(index + 1)}`,
    status: "offline",
    busy: false,
  }))
  return { status: 200, body: { total_count: 250, runners: all.slice(first, first + Number(query.get("per_page"))) } }
}

it("finds the runner of exactly a name, on whichever page", async () => {
  const { runners: list, requests } = await runners(listing)
  expect(await list.find("runner-201")).toEqual({ id: 201, name: "runner-201", status: "offline", busy: false })
  expect(requests).toMatchInlineSnapshot(`
    [
      "GET /repos/octo/example/actions/runners?name=runner-201&per_page=100&page=1",
      "GET /repos/octo/example/actions/runners?name=runner-201&per_page=100&page=2",
      "GET /repos/octo/example/actions/runners?name=runner-201&per_page=100&page=3",
    ]
  `)
})

it("finds no other", async () => {
  const { runners: list, requests } = await runners(listing)
  expect(await list.find("runner")).toBeUndefined()
  expect(await list.find("RUNNER-1")).toBeUndefined()
  expect(requests).toHaveLength(6)
})

it.each([
  [204, undefined, "removed"],
  [404, { message: "Not Found" }, "absent"],
  [422, { message: 'Bad request - Runner "a" is still running a job"' }, "busy"],
] as const)("removes: %i", async (status, body, outcome) => {
  const { runners: list, requests } = await runners([{ status, body }])
  expect(await list.remove(5)).toBe(outcome)
  expect(requests).toEqual(["DELETE /repos/octo/example/actions/runners/5"])
})

it("may not remove", async () => {
  const { runners: list } = await runners([{ status: 403, body: { message: "no" } }])
  expect(await failureOf(list.remove(5))).toMatchInlineSnapshot(
    `"TOKEN_INVALID: 127.0.0.1:PORT does not allow the removal of runner 5 of repos/octo/example: 403, "no" | The token's owner must be an administrator of it, and the token needs the scope "repo" or, fine-grained, read and write access to "Administration" of the repository."`,
  )
})

it("a registration token lists nothing", () => {
  const configuration = configurationFor("http://127.0.0.1:1", {
    authentication: { kind: "registration-token", token: "t" },
  })
  expect(runnersOf(configuration, { log: keptLog(), userAgent: "test/1" })).toBeUndefined()
})
