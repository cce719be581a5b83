import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { administrate, ask } from "./client.js"

const authorization = "Bearer ghp_valid"
const PATH = "/orgs/octo/actions/runners/registration-token"

let github: FakeGitHub

beforeEach(async () => {
  github = await startFakeGitHub()
  github.accounts.addOrganization("octo")
  github.tokens.addPersonal({ token: "ghp_valid" })
})
afterEach(() => github.close())

const post = () => ask(github, "POST", PATH, { authorization })
const statuses = async (times: number): Promise<number[]> => {
  const seen = []
  for (let number = 0; number < times; number++) seen.push((await post()).status)
  return seen
}
const codeOf = (error: unknown): unknown =>
  (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name

describe("a fault", () => {
  it("is met once, unless told otherwise, and leaves others alone", async () => {
    await administrate(github, "POST", "/faults", { method: "POST", path: "*/registration-token", status: 503 })
    expect((await ask(github, "GET", "/orgs/octo/actions/runners", { authorization })).status).toBe(200)
    expect(await statuses(2)).toEqual([503, 201])
    expect(await administrate(github, "GET", "/faults")).toEqual([])
  })

  it("can let some pass first, and be met several times or for ever", async () => {
    github.faults.add({ skip: 1, times: 2, status: 502 })
    expect(await statuses(4)).toEqual([201, 502, 502, 201])
    github.faults.add({ times: null, status: 500 })
    expect(await statuses(3)).toEqual([500, 500, 500])
    await administrate(github, "DELETE", "/faults")
    expect(await statuses(1)).toEqual([201])
  })

  it("follows those before it", async () => {
    github.faults.add({ status: 503 })
    github.faults.add({ status: 401, message: "Bad credentials" })
    expect(await statuses(3)).toEqual([503, 401, 201])
  })

  it("has GitHub's body, or any", async () => {
    github.faults.add({ status: 503, message: "Unicorn" })
    expect((await post()).body).toMatchObject({ message: "Unicorn", status: "503" })
    github.faults.add({ status: 200, body: { token: 7 }, headers: { "x-proxy": "yes" } })
    const { body, headers } = await post()
    expect([body, headers.get("x-proxy")]).toEqual([{ token: 7 }, "yes"])
  })

  it("delays", async () => {
    github.faults.add({ delay: 300 })
    const start = Date.now()
    expect((await post()).status).toBe(201)
    expect(Date.now() - start).toBeGreaterThanOrEqual(290)
  })

  it.each([
    ["connection", "UND_ERR_SOCKET", 0],
    ["answer", "UND_ERR_SOCKET", 1],
    ["processed", "UND_ERR_SOCKET", 1],
  ] as const)("drops the %s", async (drop, code, created) => {
    github.faults.add({ drop })
    expect(await post().catch(codeOf)).toBe(code)
    expect(github.tokens.list().filter(({ kind }) => kind === "registration")).toHaveLength(created)
  })

  it("hangs until the client gives up", async () => {
    github.faults.add({ hang: true })
    const given = fetch(github.api + PATH, {
      method: "POST",
      headers: { authorization },
      signal: AbortSignal.timeout(300),
    })
    expect(await given.catch(codeOf)).toBe("TimeoutError")
    expect((await post()).status).toBe(201)
  })

  it("is refused when it is none", async () => {
    await expect(administrate(github, "POST", "/faults", { stauts: 503 })).rejects.toThrow(/422.*stauts/)
  })
})

describe("rate limits", () => {
  const limits = ({ status, headers, body }: Awaited<ReturnType<typeof post>>) => ({
    status,
    remaining: headers.get("x-ratelimit-remaining"),
    retryAfter: headers.get("retry-after"),
    message: (body as { message?: string }).message,
  })

  it("are counted by credential", async () => {
    const first = await post()
    expect(first.headers.get("x-ratelimit-limit")).toBe("5000")
    expect([await post(), await post()].map(({ headers }) => headers.get("x-ratelimit-remaining"))).toEqual([
      "4998",
      "4997",
    ])
    const other = await ask(github, "GET", "/rate_limit")
    expect((other.body as { rate: { used: number } }).rate.used).toBe(0)
  })

  it("refuse beyond, until the window ends", async () => {
    await administrate(github, "POST", "/rate-limit", { limit: 2, window: 60 })
    expect(await statuses(3)).toEqual([201, 201, 403])
    const refused = await post()
    expect(limits(refused)).toEqual({
      status: 403,
      remaining: "0",
      retryAfter: null,
      message: "API rate limit exceeded for user ID 1.",
    })
    const reset = Number(refused.headers.get("x-ratelimit-reset"))
    expect(reset - Date.now() / 1000).toBeGreaterThan(50)
    expect(reset - Date.now() / 1000).toBeLessThanOrEqual(61)
    github.clock.ahead = 61
    expect(await statuses(1)).toEqual([201])
  })

  it("come about on demand, of both kinds", async () => {
    github.faults.add({ limit: { kind: "primary", seconds: 5 } })
    github.faults.add({ limit: { kind: "secondary", seconds: 3 } })
    github.faults.add({ limit: { kind: "secondary" }, status: 429 })
    expect([limits(await post()), limits(await post()), limits(await post())]).toMatchInlineSnapshot(`
      [
        {
          "message": "API rate limit exceeded for user ID 1.",
          "remaining": "0",
          "retryAfter": null,
          "status": 403,
        },
        {
          "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
          "remaining": null,
          "retryAfter": "3",
          "status": 403,
        },
        {
          "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
          "remaining": null,
          "retryAfter": null,
          "status": 429,
        },
      ]
    `)
  })
})

describe("the server itself", () => {
  it("can be away for a while, and knows what it knew", async () => {
    await administrate(github, "POST", "/down", { seconds: 1 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await post().catch(codeOf)).toBe("ECONNREFUSED")
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect((await post()).status).toBe(201)
  })

  it("records what clients sent", async () => {
    await post()
    await ask(github, "GET", "/orgs/octo/actions/runners?name=x", { authorization })
    const requests = (await administrate(github, "GET", "/requests?contains=name=x")) as object[]
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      number: 2,
      method: "GET",
      url: "/api/v3/orgs/octo/actions/runners?name=x",
      headers: { authorization },
      status: 200,
    })
    await administrate(github, "DELETE", "/requests")
    expect(github.requests.list()).toEqual([])
  })

  it("tells the time by its own clock", async () => {
    await administrate(github, "POST", "/clock", { ahead: 7200 })
    const { headers } = await ask(github, "GET", "/meta")
    expect(Math.abs(Date.parse(headers.get("date") ?? "") - Date.now() - 7_200_000)).toBeLessThan(5000)
  })
})
