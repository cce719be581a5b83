import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { ask } from "./client.js"

const TOKEN = "ghp_valid"
const AUTHORIZATION = `Bearer ${TOKEN}`

let github: FakeGitHub

beforeEach(async () => {
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.accounts.addEnterprise("octo-inc")
  github.tokens.addPersonal({ token: TOKEN })
})
afterEach(() => github.close())

const request = (path: string, authorization?: string) =>
  ask(github, "POST", path, authorization === undefined ? {} : { authorization })

describe("a token for config.sh", () => {
  it.each([
    ["registration", "/repos/octo/example"],
    ["remove", "/repos/Octo/EXAMPLE"],
    ["registration", "/orgs/octo"],
    ["remove", "/enterprises/octo-inc"],
  ])("%s for %s lives an hour", async (kind, target) => {
    const { status, body } = await request(`${target}/actions/runners/${kind}-token`, AUTHORIZATION)
    const { token, expires_at: expiresAt } = body as { token: string; expires_at: string }
    expect(status).toBe(201)
    expect(token).toMatch(/^[0-9A-F]{29}$/)
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(3_590_000)
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(3_600_000)
    expect(github.tokens.find(token)?.kind).toBe(kind)
  })

  it("is another one each time", async () => {
    const tokens = await Promise.all(
      [1, 2].map(async () => (await request("/orgs/octo/actions/runners/registration-token", AUTHORIZATION)).body),
    )
    expect(tokens[0]).not.toEqual(tokens[1])
  })

  it("is older than an hour when the clock is set ahead", () => {
    const target = github.accounts.find("repos/octo/example")
    if (!target) throw new Error("no repository")
    const { token } = github.tokens.createForRunner("registration", target)
    github.clock.ahead = 3599
    expect(github.tokens.find(token)).toBeDefined()
    github.clock.ahead = 3601
    expect(github.tokens.find(token)).toBeUndefined()
  })
})

describe("who may ask", () => {
  const PATH = "/repos/octo/example/actions/runners/registration-token"

  it.each(["Bearer", "token", "bearer"])("takes a token after %s", async (scheme) => {
    expect((await request(PATH, `${scheme} ${TOKEN}`)).status).toBe(201)
  })

  it("takes a token as the password of anyone, as config.sh --pat gives it", async () => {
    expect((await request(PATH, `Basic ${Buffer.from(`github:${TOKEN}`).toString("base64")}`)).status).toBe(201)
  })

  it("refuses with GitHub's words", async () => {
    github.tokens.addPersonal({ token: "ghp_revoked" })
    github.tokens.revoke({ token: "ghp_revoked" })
    github.tokens.addPersonal({ token: "ghp_expired", expiresAt: Date.now() - 1 })
    github.tokens.addPersonal({ token: "ghp_elsewhere", access: ["repos/octo/other"] })
    github.tokens.addPersonal({ token: "ghp_reader", scopes: ["read:org"] })
    const answers = []
    for (const [authorization, path] of [
      [undefined, PATH],
      ["Bearer ghp_unknown", PATH],
      ["Bearer ghp_revoked", PATH],
      ["Bearer ghp_expired", PATH],
      ["Bearer ghp_elsewhere", PATH],
      ["Bearer ghp_reader", PATH],
      ["Bearer ghp_reader", "/orgs/octo/actions/runners/registration-token"],
      [AUTHORIZATION, "/repos/octo/missing/actions/runners/registration-token"],
      [AUTHORIZATION, "/nothing"],
    ] as const) {
      const { status, body } = await request(path, authorization)
      answers.push(`${String(status)} ${(body as { message: string }).message}`)
    }
    expect(answers).toMatchInlineSnapshot(`
      [
        "401 Requires authentication",
        "401 Bad credentials",
        "401 Bad credentials",
        "401 Bad credentials",
        "404 Not Found",
        "403 Must have admin rights to Repository.",
        "403 Resource not accessible by personal access token",
        "404 Not Found",
        "404 Not Found",
      ]
    `)
  })

  it("names the document, as GitHub does", async () => {
    expect((await request(PATH)).body).toEqual({
      message: "Requires authentication",
      documentation_url: "https://docs.github.com/rest",
      status: "401",
    })
  })

  it("refuses whoever does not say who it is", async () => {
    const { status, body } = await ask(github, "POST", PATH, {
      authorization: AUTHORIZATION,
      headers: { "user-agent": "" },
    })
    expect([status, (body as { message: string }).message]).toEqual([
      403,
      "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
    ])
  })
})

it("serves the API without /api/v3 as well, as api.github.com does", async () => {
  const response = await fetch(`${github.url}/orgs/octo/actions/runners/registration-token`, {
    method: "POST",
    headers: { authorization: AUTHORIZATION },
  })
  expect(response.status).toBe(201)
})
