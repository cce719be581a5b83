import { createHmac, sign } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { App } from "../../fake-github/apps.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { administrate, ask } from "./client.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

const pair = () => rsaKeyPair()
const KEYS = pair()
const OTHERS = pair()
const PEM = KEYS.privateKey.export({ type: "pkcs1", format: "pem" }).toString()

let github: FakeGitHub
let app: App

beforeEach(async () => {
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.accounts.addRepository("octo/other")
  app = github.apps.add(PEM, { id: 42 })
})
afterEach(() => github.close())

const now = (): number => Math.floor(github.clock.now() / 1000)
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

function jwt(claims: Record<string, unknown> = {}, { key = KEYS.privateKey, alg = "RS256" } = {}): string {
  const text = `${encode({ alg, typ: "JWT" })}.${encode({ iat: now() - 30, exp: now() + 570, iss: "42", ...claims })}`
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe("an App's own token", () => {
  it.each([
    ["its id", () => "42"],
    ["its id as a number", () => 42],
    ["its client id", () => app.clientId],
  ])("is known by %s", async (_case, issuer) => {
    const { status, body } = await ask(github, "GET", "/app", bearer(jwt({ iss: issuer() })))
    expect([status, (body as { id: number }).id]).toEqual([200, 42])
  })

  it("is refused with GitHub's words", async () => {
    const hmac = `${encode({ alg: "HS256" })}.${encode({ iat: now(), exp: now() + 60, iss: "42" })}`
    const tokens = {
      "another key": jwt({}, { key: OTHERS.privateKey }),
      "another algorithm": jwt({}, { alg: "RS512" }),
      "a shared secret": `${hmac}.${createHmac("sha256", PEM).update(hmac).digest("base64url")}`,
      "no signature": jwt().split(".").slice(0, 2).join("."),
      "no token": "nonsense",
      expired: jwt({ exp: now() - 1 }),
      "too long": jwt({ exp: now() + 700 }),
      "from the future": jwt({ iat: now() + 120 }),
      "no time": jwt({ iat: undefined }),
      "unknown App": jwt({ iss: "43" }),
    }
    const answers: Record<string, string> = {}
    for (const [name, token] of Object.entries(tokens)) {
      const { status, body } = await ask(github, "GET", "/app", bearer(token))
      answers[name] = `${String(status)} ${(body as { message: string }).message}`
    }
    expect(answers).toMatchInlineSnapshot(`
      {
        "a shared secret": "401 A JSON web token could not be decoded",
        "another algorithm": "401 A JSON web token could not be decoded",
        "another key": "401 A JSON web token could not be decoded",
        "expired": "401 'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        "from the future": "401 'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        "no signature": "401 A JSON web token could not be decoded",
        "no time": "401 'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        "no token": "401 A JSON web token could not be decoded",
        "too long": "401 'Expiration time' claim ('exp') is too far in the future",
        "unknown App": "404 Integration not found",
      }
    `)
  })

  it("is judged by the server's clock", async () => {
    const token = jwt()
    github.clock.ahead = 3600
    expect((await ask(github, "GET", "/app", bearer(token))).status).toBe(401)
    expect((await ask(github, "GET", "/app", bearer(jwt()))).status).toBe(200)
  })
})

describe("an installation", () => {
  it("is found by repository, organisation, user, or number, and not where it is not", async () => {
    const { id } = github.apps.install(app, "octo", { repositories: ["octo/example"] })
    github.apps.install(app, "mona", { accountType: "User" })
    const statuses: Record<string, number> = {}
    for (const path of [
      "/repos/octo/example/installation",
      "/repos/octo/other/installation",
      "/repos/octo/missing/installation",
      "/orgs/OCTO/installation",
      "/orgs/other/installation",
      "/users/octo/installation",
      "/users/mona/installation",
      `/app/installations/${String(id)}`,
      "/app/installations",
    ])
      statuses[path] = (await ask(github, "GET", path, bearer(jwt()))).status
    expect(statuses).toMatchInlineSnapshot(`
      {
        "/app/installations": 200,
        "/app/installations/5000": 200,
        "/orgs/OCTO/installation": 200,
        "/orgs/other/installation": 404,
        "/repos/octo/example/installation": 200,
        "/repos/octo/missing/installation": 404,
        "/repos/octo/other/installation": 404,
        "/users/mona/installation": 200,
        "/users/octo/installation": 404,
      }
    `)
  })

  const tokenOf = async (id: number): Promise<string> => {
    const { status, body } = await ask(github, "POST", `/app/installations/${String(id)}/access_tokens`, bearer(jwt()))
    expect(status).toBe(201)
    return (body as { token: string }).token
  }

  it("has tokens that may do what it may, for an hour", async () => {
    const { id } = github.apps.install(app, "octo", { repositories: ["octo/example"] })
    const token = await tokenOf(id)
    const post = async (path: string): Promise<number> =>
      (await ask(github, "POST", `${path}/actions/runners/registration-token`, bearer(token))).status
    expect(await Promise.all(["/repos/octo/example", "/orgs/octo", "/repos/octo/other"].map(post))).toEqual([
      201, 201, 404,
    ])
    github.clock.ahead = 3601
    expect(await post("/repos/octo/example")).toBe(401)
  })

  it("without the permission may look, not change", async () => {
    const { id } = github.apps.install(app, "octo", { permissions: { administration: "read" } })
    const authorization = `Bearer ${await tokenOf(id)}`
    const path = "/repos/octo/example/actions/runners"
    expect((await ask(github, "GET", path, { authorization })).status).toBe(200)
    const { status, body } = await ask(github, "POST", `${path}/registration-token`, { authorization })
    expect([status, (body as { message: string }).message]).toEqual([403, "Resource not accessible by integration"])
  })

  it("has none for another App, nor when it is suspended", async () => {
    const { id } = github.apps.install(app, "octo")
    const other = github.apps.add(OTHERS.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), { id: 43 })
    const path = `/app/installations/${String(id)}/access_tokens`
    const foreign = jwt({ iss: String(other.id) }, { key: OTHERS.privateKey })
    expect((await ask(github, "POST", path, bearer(foreign))).status).toBe(404)
    await administrate(github, "POST", `/installations/${String(id)}/suspend`)
    expect((await ask(github, "POST", path, bearer(jwt()))).status).toBe(403)
  })
})

it("is added by the administrator, by either key", async () => {
  const key = OTHERS.publicKey.export({ type: "spki", format: "pem" }).toString()
  const added = (await administrate(github, "POST", "/apps", { key, id: 7 })) as { id: number; slug: string }
  expect(added).toMatchObject({ id: 7, slug: "app-7" })
  expect(await administrate(github, "POST", "/installations", { app: 7, account: "octo" })).toEqual({ id: 5000 })
  expect(
    (await ask(github, "GET", "/orgs/octo/installation", bearer(jwt({ iss: "7" }, { key: OTHERS.privateKey })))).status,
  ).toBe(200)
})
