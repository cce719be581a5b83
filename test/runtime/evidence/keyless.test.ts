import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import type { StatementSigner } from "../../../dagger/src/core/evidence/evidence.js"
import { readSigningKey } from "../../../dagger/src/core/evidence/signing-key.js"
import { identityTrust, keyTrust, verifyBundle, BundleProblem } from "../../../dagger/src/core/evidence/trust.js"
import { verifyImage, type Demands } from "../../../dagger/src/core/evidence/verification.js"
import { ciIdentityToken, keylessSigner, keySigner } from "../../../dagger/src/pipeline/evidence/signers.js"
import { COSIGN_KEY } from "../../unit/core/evidence/cosign-keys.js"
import { REPOSITORY } from "../../unit/core/evidence/evidenced.js"
import { published } from "../../unit/core/evidence/published.js"
import { identityToken, startSigstore, type SigstoreServers } from "./sigstore-servers.js"

const IDENTITY = {
  subject: "https://github.com/owner/images/.github/workflows/publish.yml@refs/heads/main",
  issuer: "https://token.actions.example",
}
const TOKEN = identityToken({ sub: IDENTITY.subject, iss: IDENTITY.issuer, aud: "sigstore" })
const STATEMENT = JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject: [], predicate: {} })
const HOUR = 3_600_000

let servers: SigstoreServers
const all = () => ({
  fulcio: servers.url,
  rekor: { url: servers.url, version: 1 as const },
  timestamps: servers.url,
})
const trust = (identity = IDENTITY, root = servers.trustedRoot) => identityTrust(identity, root, "trusted_root.json")
const token = () => Promise.resolve(TOKEN)

beforeAll(async () => {
  servers = await startSigstore()
})

afterAll(async () => {
  await servers.stop()
})

afterEach(() => {
  vi.unstubAllEnvs()
})

async function wrong(sign: StatementSigner, demanded: Demands["trust"]): Promise<string[]> {
  const { layout } = await published({ sign })
  const demands = { trust: demanded, repository: REPOSITORY, platforms: undefined }
  const { findings } = verifyImage(await layout.read(), demands)
  const failed = findings.filter(({ examined, verdict }) => verdict === "failed" && examined !== "report")
  return [...new Set(failed.map(({ reason }) => reason))]
}

describe("an image that is signed for an identity", () => {
  it.each([
    ["a transparency log and a timestamp authority", () => all()],
    [
      "a transparency log of version 2 and a timestamp authority",
      () => ({ ...all(), rekor: { url: servers.url, version: 2 as const } }),
    ],
    ["a transparency log alone", () => ({ fulcio: servers.url, rekor: { url: servers.url, version: 1 as const } })],
  ])("is verified by it, as recorded by %s", async (_, at) => {
    const sign = keylessSigner(at(), token)
    expect(await wrong(sign, trust())).toEqual([])
  })

  it("is not verified without a log, where the trusted root has one", async () => {
    const sign = keylessSigner({ fulcio: servers.url, timestamps: servers.url }, token)
    expect(await wrong(sign, trust())).toEqual(["no trusted log has it: expected 1 tlog entries, got 0"])
    const { tlogs: _, ...withoutLogs } = JSON.parse(servers.trustedRoot) as { tlogs: unknown }
    expect(await wrong(sign, trust(IDENTITY, JSON.stringify(withoutLogs)))).toEqual([])
  })

  it("is not verified for another identity, or as vouched for by another issuer", async () => {
    const sign = keylessSigner(all(), token)
    const fork = IDENTITY.subject.replace("owner", "attacker")
    expect(await wrong(sign, trust({ ...IDENTITY, subject: fork }))).toEqual([
      `${IDENTITY.subject} signed it, not ${fork}`,
    ])
    // Not a part, nor a pattern.
    expect(await wrong(sign, trust({ ...IDENTITY, subject: "https://github.com/owner/.*" }))).not.toEqual([])
    expect(await wrong(sign, trust({ ...IDENTITY, issuer: "https://issuer.example" }))).toEqual([
      `${IDENTITY.issuer} vouched for who signed it, not https://issuer.example`,
    ])
  })

  it("is not verified if its certificate was not valid when it was signed", async () => {
    const expired = await startSigstore({ certifiedAt: new Date(Date.now() - HOUR) })
    const at = { fulcio: expired.url, rekor: { url: expired.url, version: 1 as const }, timestamps: expired.url }
    const sign = keylessSigner(at, token)
    expect(await wrong(sign, trust(IDENTITY, expired.trustedRoot))).toEqual([
      "its certificate was not valid when it was signed",
    ])
    await expired.stop()
  })

  it("is not verified by another certificate authority, nor by a key", async () => {
    const sign = keylessSigner(all(), token)
    const others = await startSigstore()
    const root = JSON.parse(servers.trustedRoot) as Record<string, unknown>
    const { certificateAuthorities, tlogs } = JSON.parse(others.trustedRoot) as Record<string, unknown>
    await others.stop()
    expect(await wrong(sign, trust(IDENTITY, JSON.stringify({ ...root, certificateAuthorities })))).toEqual([
      expect.stringMatching(/^its certificate is not from a trusted authority: /),
    ])
    expect(await wrong(sign, trust(IDENTITY, JSON.stringify({ ...root, tlogs })))).toEqual([
      expect.stringMatching(/^no trusted log has it: /),
    ])
    expect(await wrong(sign, keyTrust(COSIGN_KEY.publicKey, "cosign.pub"))).toEqual([
      "a certificate's key signed it, not the given one",
    ])
  })

  it("is not verified if the bundle lacks when it was signed, or has another's time", async () => {
    const sign = keylessSigner(all(), token)
    type Parts = { verificationMaterial: { tlogEntries: object[]; timestampVerificationData: object } }
    const [one, two] = [JSON.parse(await sign(STATEMENT)) as Parts, JSON.parse(await sign(STATEMENT)) as Parts]
    const why = (material: Partial<Parts["verificationMaterial"]>) => {
      const changed = { ...one, verificationMaterial: { ...one.verificationMaterial, ...material } }
      try {
        verifyBundle(JSON.stringify(changed), trust())
        return undefined
      } catch (error) {
        if (error instanceof BundleProblem) return error.message
        throw error
      }
    }
    expect(why({})).toBeUndefined()
    expect(why({ tlogEntries: [], timestampVerificationData: {} })).toMatch(/^nothing that is trusted says when/)
    expect(why({ tlogEntries: two.verificationMaterial.tlogEntries })).toMatch(/^no trusted log has it: /)
    expect(why({ timestampVerificationData: two.verificationMaterial.timestampVerificationData })).toMatch(
      /^nothing that is trusted says when it was signed: /,
    )
  })
})

it("a key's signatures can be recorded, too", async () => {
  const key = readSigningKey(COSIGN_KEY.privateKey, COSIGN_KEY.passphrase, "cosign.key")
  const { fulcio: _, ...witnesses } = all()
  const bundle = await keySigner(key, witnesses)(STATEMENT)
  expect(JSON.parse(bundle)).toMatchObject({
    verificationMaterial: {
      publicKey: { hint: key.hint },
      tlogEntries: [{ kindVersion: { kind: "dsse", version: "0.0.1" } }],
      timestampVerificationData: { rfc3161Timestamps: [{}] },
    },
  })
  expect(verifyBundle(bundle, keyTrust(COSIGN_KEY.publicKey, "cosign.pub")).payload).toBe(STATEMENT)
})

describe("the identity of a CI job", () => {
  it("is taken from the variable in which systems put it", async () => {
    vi.stubEnv("SIGSTORE_ID_TOKEN", TOKEN)
    expect(await ciIdentityToken()).toBe(TOKEN)
  })

  it("is asked for where GitHub Actions says, for sigstore", async () => {
    const { createServer } = await import("node:http")
    let asked: string[] = []
    const server = createServer((request, response) => {
      asked = [request.url ?? "", request.headers.authorization ?? ""]
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ value: TOKEN }))
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    vi.stubEnv(
      "ACTIONS_ID_TOKEN_REQUEST_URL",
      `http://127.0.0.1:${String(typeof address === "object" && address ? address.port : 0)}/token?api=1`,
    )
    vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token")
    expect(await ciIdentityToken()).toBe(TOKEN)
    expect(asked).toEqual(["/token?api=1&audience=sigstore", "Bearer request-token"])
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it("is missed with what to do", async () => {
    for (const name of ["SIGSTORE_ID_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
      vi.stubEnv(name, "")
    await expect(ciIdentityToken()).rejects.toThrowErrorMatchingInlineSnapshot(
      `[RunnerImagesError: No identity can be proved: neither GitHub Actions nor the variable SIGSTORE_ID_TOKEN gives a token. In GitHub Actions, give the job the permission id-token: write. Elsewhere, put a token for the audience sigstore into the variable, or sign with a key. [SIGNING_FAILED]]`,
    )
  })
})

/** The error, which must have nothing of the token, whatever its message and its causes. */
async function refusal(work: () => Promise<unknown>, secrets = [TOKEN]): Promise<string> {
  const error: unknown = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RunnerImagesError)
  const { message, cause, details } = error as RunnerImagesError
  expect({ cause, details }).toEqual({ cause: undefined, details: [] })
  for (const secret of secrets) expect(message).not.toContain(secret)
  return message.replaceAll(servers.url, "http://SERVER")
}

describe("nothing is signed", () => {
  it.each([
    ["when the certificate authority refuses the identity", "/api/v2/signingCert", 401, `no: ${TOKEN} is not for me`],
    ["when the log refuses the entry", "/api/v1/log/entries", 400, "bad entry"],
    ["when the timestamp authority is broken", "/api/v1/timestamp", 422, "no time"],
  ])("%s", async (_, path, status, message) => {
    const broken = await startSigstore()
    broken.fail(path, status, message)
    const at = { fulcio: broken.url, rekor: { url: broken.url, version: 1 as const }, timestamps: broken.url }
    const sign = keylessSigner(at, token)
    expect(await refusal(() => sign(STATEMENT))).toMatchSnapshot()
    await broken.stop()
  })

  it("when a server cannot be reached", async () => {
    const gone = await startSigstore()
    await gone.stop()
    const sign = keylessSigner({ fulcio: gone.url, timestamps: gone.url }, token)
    expect((await refusal(() => sign(STATEMENT))).replaceAll(gone.url, "http://GONE")).toMatch(
      /^A signature could not be made: .*ECONNREFUSED.*\[SIGNING_FAILED\]$/,
    )
  })

  it.each([
    ["is no token", "hunter2-hunter2"],
    ["is not of JSON", "aaaa.bbbb-secret.cccc"],
    ["has no subject", identityToken({ iss: IDENTITY.issuer })],
    ["has an e-mail address that nobody verified", identityToken({ email: "a@example.com", sub: "1" })],
  ])("when the identity token %s", async (_, given) => {
    const sign = keylessSigner(all(), () => Promise.resolve(given))
    const before = servers.requests.length
    expect(await refusal(() => sign(STATEMENT), [given, given.slice(0, 12)])).toMatchSnapshot()
    expect(servers.requests).toHaveLength(before)
  })

  it.each([
    ["without TLS elsewhere", { fulcio: "http://fulcio.example.com", timestamps: "https://tsa.example.com" }],
    ["with a password", { fulcio: "https://me:hunter2@fulcio.example.com", timestamps: "https://tsa.example.com" }],
    ["with a password and no port", { fulcio: "https://me:hunter2@fulcio:x", timestamps: "https://tsa.example.com" }],
    ["that is none", { fulcio: "fulcio", timestamps: "https://tsa.example.com" }],
    ["for times without TLS", { fulcio: "https://fulcio.example.com", timestamps: "http://tsa.example.com" }],
    ["alone, with nothing that says when", { fulcio: "https://fulcio.example.com" }],
    [
      "with a log of version 2 alone",
      { fulcio: "https://fulcio.example.com", rekor: { url: "https://log.example.com", version: 2 as const } },
    ],
  ])("by a server %s", async (_, at) => {
    expect(await refusal(() => Promise.resolve().then(() => keylessSigner(at, token)), ["hunter2"])).toMatchSnapshot()
  })
})

it.each([
  ["is no JSON", "{"],
  ["is another document", '{"mediaType":"application/json"}'],
  ["has no authority", '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'],
  [
    "has a damaged key",
    '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{"publicKey":{"rawBytes":"AAAA"}}]}',
  ],
])("a trusted root is refused that %s", (_, text) => {
  expect(() => identityTrust(IDENTITY, text, "trusted_root.json")).toThrowErrorMatchingSnapshot()
})
