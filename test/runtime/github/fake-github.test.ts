import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import type { ClientLimits } from "../../../docker/runtime/src/github/client.js"
import { runnersOf } from "../../../docker/runtime/src/github/runners.js"
import { tokenSource } from "../../../docker/runtime/src/github/tokens.js"
import { makeCertificate } from "../../fake-github/certificate.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { configurationFor, failureOf, keptLog, QUICK } from "./scripted-server.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

/** What GitHub itself would say, by the server that the whole program is tested with. */
let github: FakeGitHub
beforeEach(async () => {
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.accounts.addEnterprise("octo-inc")
  github.tokens.addPersonal({ token: "ghp_valid" })
})
afterEach(() => github.close())

const TARGETS = {
  repository: {
    scope: "repository",
    path: "repos/octo/example",
    url: "https://github.com/octo/example",
    owner: "octo",
  },
  organization: { scope: "organization", path: "orgs/octo", url: "https://github.com/octo", owner: "octo" },
  enterprise: {
    scope: "enterprise",
    path: "enterprises/octo-inc",
    url: "https://github.com/enterprises/octo-inc",
    owner: "octo-inc",
  },
} as const

function use(changes: Partial<Configuration> = {}, limits: Partial<ClientLimits> = {}) {
  const log = keptLog()
  const configuration = configurationFor(github.api, {
    authentication: { kind: "token", token: "ghp_valid" },
    ...changes,
  })
  const options = { log, userAgent: "runner-images/test", limits: { ...QUICK, ...limits } }
  const runners = runnersOf(configuration, options)
  if (!runners) throw new Error("there are no runners to look at")
  return { log, token: tokenSource(configuration, options), runners }
}

/** What the server made of a token. */
function kindOf(token: string | undefined): string | undefined {
  const known = github.tokens.find(token ?? "")
  return known && "target" in known ? `${known.kind} ${known.target.path}` : known?.kind
}

function appAt(
  account: string,
  accountType: "Organization" | "User" = "Organization",
): Configuration["authentication"] {
  const privateKey = rsaKeyPair().privateKey.export({ type: "pkcs1", format: "pem" }).toString()
  const app = github.apps.add(privateKey)
  github.apps.install(app, account, { accountType })
  return { kind: "app", id: String(app.id), privateKey }
}

describe("tokens", () => {
  it.each(Object.values(TARGETS))("for $path", async (target) => {
    const { token } = use({ target })
    const [first, second] = [await token(), await token()]
    expect([first, second].map(kindOf)).toEqual([`registration ${target.path}`, `registration ${target.path}`])
    expect(first).not.toBe(second)
  })

  it.each([TARGETS.repository, TARGETS.organization])("by an App, for $path", async (target) => {
    const { token } = use({ target, authentication: appAt("octo") })
    expect(kindOf(await token())).toBe(`registration ${target.path}`)
    // An hour later all that was got before is expired.
    github.clock.ahead = 3700
    expect(kindOf(await token())).toBe(`registration ${target.path}`)
  })

  it("by an App that is installed for a person", async () => {
    github.accounts.addRepository("someone/example", "user")
    const target = { ...TARGETS.repository, path: "repos/someone/example" }
    const authentication = appAt("someone", "User")
    if (authentication.kind !== "app") throw new Error("no App")
    const { token } = use({ target, authentication: { ...authentication, login: "someone" } })
    expect(kindOf(await token())).toBe("registration repos/someone/example")
  })
})

describe("no tokens", () => {
  it("with a wrong token, a revoked one, or for what does not exist", async () => {
    expect(
      await failureOf(use({ authentication: { kind: "token", token: "ghp_wrong" } }).token()),
    ).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for a registration token for repos/octo/example: 401, "Bad credentials" | The token is wrong, expired or revoked. Set a new one."`,
    )
    github.tokens.revoke({ token: "ghp_valid" })
    expect(await failureOf(use().token())).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT refused the credentials for a registration token for repos/octo/example: 401, "Bad credentials" | The token is wrong, expired or revoked. Set a new one."`,
    )
    github.tokens.addPersonal({ token: "ghp_other" })
    const target = { ...TARGETS.repository, path: "repos/octo/nothing" }
    expect(
      await failureOf(use({ target, authentication: { kind: "token", token: "ghp_other" } }).token()),
    ).toMatchInlineSnapshot(
      `"NOT_FOUND: 127.0.0.1:PORT found nothing when asked for a registration token for repos/octo/nothing: 404, "Not Found" | Check the name. GitHub also hides what a token may not see. The token's owner must be an administrator of it, and the token needs the scope "repo" or, fine-grained, read and write access to "Administration" of the repository."`,
    )
  })

  it("with a token that may not", async () => {
    github.tokens.addPersonal({ token: "ghp_less", scopes: ["repo"] })
    const { token } = use({ target: TARGETS.organization, authentication: { kind: "token", token: "ghp_less" } })
    expect(await failureOf(token())).toMatchInlineSnapshot(
      `"TOKEN_INVALID: 127.0.0.1:PORT does not allow a registration token for orgs/octo: 403, "Resource not accessible by personal access token" | The token's owner must be an administrator of it, and the token needs the scope "admin:org" or, fine-grained, read and write access to "Self-hosted runners" of the organisation."`,
    )
  })

  it("from a server whose certificate no one knows, at once", async () => {
    const secure = await startFakeGitHub({ certificate: await makeCertificate() })
    try {
      const { token, log } = use({ api: secure.api })
      expect(await failureOf(token())).toMatchInlineSnapshot(
        `"NETWORK: the certificate of 127.0.0.1:PORT is not accepted: DEPTH_ZERO_SELF_SIGNED_CERT | Add your certificate authority with EXTRA_CA_CERTS, and check the machine's clock."`,
      )
      expect(log.lines).toEqual([])
    } finally {
      await secure.close()
    }
  })
})

describe("trouble that passes", () => {
  it.each([
    ["a server that is away", () => github.downFor(1)],
    ["503", () => github.faults.add({ status: 503, times: 2 })],
    ["a connection that closes", () => github.faults.add({ drop: "connection", times: 2 })],
    ["an answer that breaks off", () => github.faults.add({ drop: "answer" })],
    ["a server that hangs", () => github.faults.add({ hang: true })],
    ["a rate limit", () => github.faults.add({ limit: { kind: "primary", seconds: 1 } })],
    ["a secondary rate limit", () => github.faults.add({ limit: { kind: "secondary", seconds: 1 } })],
  ])("%s", async (_, begin) => {
    begin()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const { token, log } = use({}, { request: 300, window: 10_000 })
    expect(kindOf(await token())).toBe("registration repos/octo/example")
    expect(log.lines.length).toBeGreaterThan(0)
    expect(github.faults.pending()).toEqual([])
  })
})

describe("runners", () => {
  async function register(name: string, target: { path: string } = TARGETS.repository): Promise<number> {
    const answer = await fetch(`${github.api}/${target.path}/actions/runners/generate-jitconfig`, {
      method: "POST",
      headers: { authorization: "Bearer ghp_valid" },
      body: JSON.stringify({ name, runner_group_id: 1, labels: ["self-hosted"] }),
    })
    return ((await answer.json()) as { runner: { id: number } }).runner.id
  }

  it("are found by name and removed", async () => {
    const id = await register("a-runner")
    await register("a-runner-too")
    const { runners } = use()
    expect(await runners.find("a-runner")).toMatchObject({ id, name: "a-runner", status: "offline", busy: false })
    expect(await runners.find("a-run")).toBeUndefined()
    expect(await runners.remove(id)).toBe("removed")
    expect(await runners.remove(id)).toBe("absent")
    expect(await runners.find("a-runner")).toBeUndefined()
    expect(await runners.find("a-runner-too")).toBeDefined()
  })

  it("of an organisation, by an App", async () => {
    const id = await register("a-runner", TARGETS.organization)
    const { runners } = use({ target: TARGETS.organization, authentication: appAt("octo") })
    expect(await runners.find("a-runner")).toMatchObject({ id })
    expect(await runners.remove(id)).toBe("removed")
  })
})
