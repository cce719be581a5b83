import { createVerify } from "node:crypto"
import { afterEach, describe, expect, it } from "vitest"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import { tokenSource } from "../../../docker/runtime/src/github/tokens.js"
import {
  type Answer,
  configurationFor,
  failureOf,
  keptLog,
  QUICK,
  scriptedServer,
  type ScriptedServer,
} from "./scripted-server.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

const { privateKey, publicKey } = rsaKeyPair()
/** The form that GitHub hands out. */
const PKCS1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString()
const PKCS8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString()

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** GitHub as an App sees it: checks the JWT by its own clock, which may be off ours by some seconds. */
async function gitHub({ ahead = 0, installedAt = "/repos/octo/example" } = {}): Promise<ScriptedServer> {
  let number = 0
  return (server = await scriptedServer((request, headers): Answer => {
    const now = Math.floor(Date.now() / 1000) + ahead
    const date = { date: new Date(now * 1000).toUTCString() }
    const bearer = String(headers.authorization).replace("Bearer ", "")
    if (request.endsWith("-token"))
      return bearer === `installation-${String(number)}`
        ? {
            status: 201,
            body: { token: `${request.includes("remove") ? "removal" : "registration"}-${String(number)}` },
          }
        : { status: 401, body: { message: "Bad credentials" } }
    const wrong = wrongJwt(bearer, now)
    if (wrong !== undefined) return { status: 401, headers: date, body: { message: wrong } }
    if (request === `GET ${installedAt}/installation`) return { status: 200, headers: date, body: { id: 77 } }
    if (request === "POST /app/installations/77/access_tokens")
      return { status: 201, headers: date, body: { token: `installation-${String(++number)}` } }
    return { status: 404, headers: date, body: { message: "Not Found" } }
  }))
}

function wrongJwt(jwt: string, now: number): string | undefined {
  const [header = "", payload = "", signature = ""] = jwt.split(".")
  const verifier = createVerify("RSA-SHA256").update(`${header}.${payload}`)
  if (!verifier.verify(publicKey, signature, "base64url")) return "A JSON web token could not be decoded"
  const { iat, exp, iss } = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>
  if (iss !== "12345") return "Integration not found"
  if (Number(iat) > now)
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
  if (Number(exp) < now) return "'Expiration time' claim ('exp') must be a numeric value representing the future time"
  return Number(exp) > now + 600 ? "'Expiration time' claim ('exp') is too far in the future" : undefined
}

function source(
  url: string,
  changes: Partial<Extract<Configuration["authentication"], { kind: "app" }>> = {},
  more: Partial<Configuration> = {},
) {
  const log = keptLog()
  const authentication = { kind: "app", id: "12345", privateKey: PKCS1, ...changes } as const
  const token = tokenSource(configurationFor(url, { authentication, ...more }), {
    log,
    userAgent: "test/1",
    limits: QUICK,
  })
  return { log, token }
}

it("gets a token by way of its installation, all fresh at each use", async () => {
  const { url, requests } = await gitHub()
  const { token, log } = source(url)
  expect([await token(), await token()]).toEqual(["registration-1", "registration-2"])
  expect(requests).toMatchInlineSnapshot(`
    [
      "GET /repos/octo/example/installation",
      "POST /app/installations/77/access_tokens",
      "POST /repos/octo/example/actions/runners/registration-token",
      "GET /repos/octo/example/installation",
      "POST /app/installations/77/access_tokens",
      "POST /repos/octo/example/actions/runners/registration-token",
    ]
  `)
  // Signatures of one second are the same.
  expect(log.hidden.filter((secret) => !secret.startsWith("ey"))).toEqual([
    "installation-1",
    "registration-1",
    "installation-2",
    "registration-2",
  ])
  expect(log.hidden.filter((secret) => secret.startsWith("ey"))).toHaveLength(4)
})

it.each([
  ["PKCS#1", PKCS1],
  ["PKCS#8", PKCS8],
])("takes a key %s", async (_, key) => {
  const { url } = await gitHub()
  expect(await source(url, { privateKey: key }).token()).toBe("registration-1")
})

it.each(["orgs", "users"])("finds the installation by login among %s", async (kind) => {
  const { url } = await gitHub({ installedAt: `/${kind}/someone` })
  expect(await source(url, { login: "someone" }).token()).toBe("registration-1")
})

it("finds the installation of an organisation", async () => {
  const { url, requests } = await gitHub({ installedAt: "/orgs/octo" })
  const target = { scope: "organization", url: "https://github.com/octo", path: "orgs/octo", owner: "octo" } as const
  expect(await source(url, {}, { target }).token()).toBe("registration-1")
  expect(requests.at(-1)).toBe("POST /orgs/octo/actions/runners/registration-token")
})

describe("a clock that is off", () => {
  it.each([
    [-3600, "ahead of"],
    [3600, "behind"],
  ])("by %i s is no hindrance", async (ahead, how) => {
    const { url, requests } = await gitHub({ ahead })
    const { token, log } = source(url)
    expect(await token()).toBe("registration-1")
    expect(requests.filter((request) => request.endsWith("/installation"))).toHaveLength(2)
    expect(log.lines).toHaveLength(1)
    expect(log.lines[0]).toMatch(
      new RegExp(`^warning: the clock of this machine is 3(600|599|601) s ${how} GitHub's; signing by GitHub's time$`),
    )
    // It is known from then on.
    expect(await token()).toBe("registration-2")
    expect(log.lines).toHaveLength(1)
  })
})

describe("what goes wrong", () => {
  it("the App is not installed there", async () => {
    const { url } = await gitHub({ installedAt: "/repos/octo/other" })
    expect(await failureOf(source(url).token())).toMatchInlineSnapshot(
      `"NOT_FOUND: App 12345 is not installed for repos/octo/example | Install it there, with access to the repository, or set APP_LOGIN to the account that has it."`,
    )
    expect(await failureOf(source(url, { login: "nobody" }).token())).toMatchInlineSnapshot(
      `"NOT_FOUND: App 12345 is not installed for nobody | Install it there, with access to the repository, or set APP_LOGIN to the account that has it."`,
    )
  })

  it("an enterprise takes no App", async () => {
    const { url } = await gitHub()
    const target = {
      scope: "enterprise",
      url: "https://github.com/enterprises/big",
      path: "enterprises/big",
      owner: "big",
    } as const
    expect(await failureOf(source(url, {}, { target }).token())).toMatchInlineSnapshot(
      `"NOT_FOUND: App 12345 is not installed for enterprises/big | GitHub Apps cannot register runners of an enterprise: set ACCESS_TOKEN to a personal token (classic) with the scope manage_runners:enterprise."`,
    )
  })

  it("another App's key", async () => {
    const { url, requests } = await gitHub()
    const other = rsaKeyPair().privateKey.export({
      type: "pkcs1",
      format: "pem",
    })
    expect(await failureOf(source(url, { privateKey: other.toString() }).token())).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for the installation of App 12345 for repos/octo/example: 401, "A JSON web token could not be decoded" | APP_ID and APP_PRIVATE_KEY must belong to the same App, and the key must not be deleted in its settings."`,
    )
    expect(requests).toHaveLength(1)
  })

  it.each(["", "nonsense", PKCS1.slice(0, 200)])("no key: %#", async (key) => {
    const { url, requests } = await gitHub()
    expect(await failureOf(source(url, { privateKey: key }).token())).toMatchInlineSnapshot(
      `"CONFIGURATION: APP_PRIVATE_KEY is not a private key | Give the .pem file that GitHub created for the App, with APP_PRIVATE_KEY_FILE or as text, with \\n for line breaks if needed."`,
    )
    expect(requests).toEqual([])
  })
})
