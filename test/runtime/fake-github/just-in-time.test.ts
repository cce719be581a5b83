import { createPrivateKey, createPublicKey } from "node:crypto"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { ask } from "./client.js"

const authorization = "Bearer ghp_valid"
const PATH = "/repos/octo/example/actions/runners/generate-jitconfig"
const BODY = { name: "just-in-time", runner_group_id: 1, labels: ["self-hosted", "gpu"], work_folder: "_work" }

let github: FakeGitHub

beforeEach(async () => {
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: "ghp_valid" })
})
afterEach(() => github.close())

const parse = (base64: string): unknown => JSON.parse(Buffer.from(base64, "base64").toString("utf8"))

it("gives the files of a configured runner, with a key that fits the registration", async () => {
  const { status, body } = await ask(github, "POST", PATH, { authorization, json: BODY })
  const { runner, encoded_jit_config: encoded } = body as { runner: unknown; encoded_jit_config: string }
  expect(status).toBe(201)
  expect(runner).toMatchObject({
    id: 1,
    name: "just-in-time",
    ephemeral: true,
    labels: [{ name: "self-hosted" }, { name: "gpu" }],
  })
  const files = parse(encoded) as Record<".runner" | ".credentials" | ".credentials_rsaparams", string>
  expect(parse(files[".runner"])).toEqual({
    agentId: 1,
    agentName: "just-in-time",
    poolId: 1,
    poolName: "Default",
    disableUpdate: false,
    ephemeral: true,
    serverUrl: `${github.url}/_services/tenant/`,
    workFolder: "_work",
    useV2Flow: true,
    serverUrlV2: `${github.url}/_services/broker/`,
  })
  const [registered] = github.runners.list()
  expect(parse(files[".credentials"])).toEqual({
    scheme: "OAuth",
    data: { clientId: registered?.clientId, authorizationUrl: `${github.url}/_services/oauth2/token` },
  })
  const numbers = parse(files[".credentials_rsaparams"]) as Record<string, string>
  const url = (name: string): string => Buffer.from(numbers[name] ?? "", "base64").toString("base64url")
  const key = createPrivateKey({
    format: "jwk",
    key: {
      kty: "RSA",
      n: url("modulus"),
      e: url("exponent"),
      d: url("d"),
      p: url("p"),
      q: url("q"),
      dp: url("dp"),
      dq: url("dq"),
      qi: url("inverseQ"),
    },
  })
  expect(createPublicKey(key).export({ format: "jwk" })).toEqual(registered?.publicKey.export({ format: "jwk" }))
})

it("refuses a name that is taken, a group that is not there, and what is no request", async () => {
  await ask(github, "POST", PATH, { authorization, json: BODY })
  const answers = []
  for (const json of [BODY, { ...BODY, name: "other", runner_group_id: 9 }, { name: "other", labels: [] }]) {
    const { status, body } = await ask(github, "POST", PATH, { authorization, json })
    answers.push(`${String(status)} ${(body as { message: string }).message}`)
  }
  expect(answers).toMatchInlineSnapshot(`
    [
      "409 Already exists - A runner with the name "just-in-time" already exists.",
      "404 Not Found",
      "422 Invalid request.

    runner_group_id: Invalid input: expected number, received undefined; labels: Too small: expected array to have >=1 items",
    ]
  `)
})
