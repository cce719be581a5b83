import { createPublicKey, generateKeyPairSync, randomBytes, verify, type KeyObject } from "node:crypto"
import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { keyHint, readSigningKey } from "../../../../dagger/src/core/evidence/signing-key.js"
import { COSIGN_KEY, OPEN_COSIGN_KEY } from "./cosign-keys.js"

const PASSPHRASE = "tr0ub4dor & 3"
const EC = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
const ED = generateKeyPairSync("ed25519").privateKey
const DATA = Buffer.from("what is signed")

const pkcs8 = (key: KeyObject) => key.export({ format: "pem", type: "pkcs8" }).toString()
const encrypted = (key: KeyObject) =>
  key.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: PASSPHRASE }).toString()

/** The public half decides whether a signature is right. */
function signs(pem: string, passphrase: string | undefined, publicKey: string | KeyObject): boolean {
  const key = readSigningKey(pem, passphrase, "--key")
  const pub = createPublicKey(publicKey)
  expect(key.hint).toBe(keyHint(pub))
  expect(key.publicKey).toBe(pub.export({ format: "pem", type: "spki" }).toString())
  return verify(pub.asymmetricKeyType === "ed25519" ? undefined : "sha256", DATA, pub, key.sign(DATA))
}

/** The error for a key that cannot be used, as a user sees it. */
function refusal(pem: string, passphrase?: string): string {
  try {
    readSigningKey(pem, passphrase, "key.pem")
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    expect(error.cause).toBeUndefined()
    return error.message
  }
  throw new Error("it is not refused")
}

describe("a key signs", () => {
  it.each([
    ["P-256 as PKCS#8", pkcs8(EC), undefined, EC],
    ["P-256 as SEC 1", EC.export({ format: "pem", type: "sec1" }).toString(), undefined, EC],
    ["P-256, encrypted", encrypted(EC), PASSPHRASE, EC],
    ["Ed25519", pkcs8(ED), undefined, ED],
    ["Ed25519, encrypted", encrypted(ED), PASSPHRASE, ED],
    ["among other text", `# mine\n${pkcs8(EC)}\n`, undefined, EC],
    ["P-256 of cosign", COSIGN_KEY.privateKey, COSIGN_KEY.passphrase, COSIGN_KEY.publicKey],
    ["of cosign, with an empty passphrase", OPEN_COSIGN_KEY.privateKey, "", OPEN_COSIGN_KEY.publicKey],
    ["of cosign, with none", OPEN_COSIGN_KEY.privateKey, undefined, OPEN_COSIGN_KEY.publicKey],
    [
      "of cosign 1",
      COSIGN_KEY.privateKey.replaceAll("SIGSTORE", "COSIGN"),
      COSIGN_KEY.passphrase,
      COSIGN_KEY.publicKey,
    ],
  ])("%s", (_, pem, passphrase, publicKey) => {
    expect(signs(pem, passphrase, publicKey)).toBe(true)
  })
})

/** A key of cosign with another envelope. */
function cosign(change: (envelope: { kdf: { params: { N: number } }; ciphertext: string }) => void): string {
  const [first = "", ...rest] = COSIGN_KEY.privateKey.trim().split("\n")
  const last = rest.pop() ?? ""
  const envelope = JSON.parse(Buffer.from(rest.join(""), "base64").toString()) as Parameters<typeof change>[0]
  change(envelope)
  return [first, Buffer.from(JSON.stringify(envelope)).toString("base64"), last].join("\n")
}

describe("a key is refused", () => {
  it.each([
    ["that is no PEM", "0123456789abcdef", undefined],
    ["that is a public one", COSIGN_KEY.publicKey, undefined],
    ["that is a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", undefined],
    ["of RSA", pkcs8(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey), undefined],
    ["on another curve", pkcs8(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey), undefined],
    ["that cannot sign", pkcs8(generateKeyPairSync("x25519").privateKey), undefined],
    ["that is cut short", pkcs8(EC).replace(/\n.{20}/, "\n"), undefined],
    ["that is encrypted, without a passphrase", encrypted(EC), undefined],
    ["that is encrypted, with another passphrase", encrypted(EC), "wrong"],
    [
      "that is encrypted as in the nineties",
      EC.export({ format: "pem", type: "sec1", cipher: "aes-128-cbc", passphrase: PASSPHRASE }).toString(),
      PASSPHRASE,
    ],
    ["of cosign, without a passphrase", COSIGN_KEY.privateKey, undefined],
    ["of cosign, with another passphrase", COSIGN_KEY.privateKey, "wrong"],
    ["of cosign that is no JSON", COSIGN_KEY.privateKey.replace("eyJrZGYi", "AAAAAAAA"), COSIGN_KEY.passphrase],
    [
      "of cosign that would keep the machine busy",
      cosign((envelope) => (envelope.kdf.params.N = 2 ** 30)),
      COSIGN_KEY.passphrase,
    ],
    [
      "of cosign that was changed",
      cosign((envelope) => (envelope.ciphertext = envelope.ciphertext.replace(/^../, "zz"))),
      COSIGN_KEY.passphrase,
    ],
  ])("%s", (_, pem, passphrase) => {
    expect(refusal(pem, passphrase)).toMatchSnapshot()
  })

  it.each([
    ["another passphrase", encrypted(EC), "another secret passphrase"],
    ["another passphrase of cosign", COSIGN_KEY.privateKey, "another secret passphrase"],
    ["no PEM", randomBytes(48).toString("base64"), undefined],
    ["a damaged key", pkcs8(EC).replace(/\n.{20}/, "\n"), undefined],
    ["an unknown label", pkcs8(EC).replaceAll("PRIVATE KEY", "SECRET KEY"), undefined],
  ])("without showing it or its passphrase: %s", (_, pem, passphrase) => {
    const lines = pem.split("\n").filter((line) => line !== "" && !line.startsWith("-----"))
    const shown = refusal(pem, passphrase)
    for (const secret of [...lines, ...(passphrase === undefined ? [] : [passphrase])])
      expect(shown).not.toContain(secret.slice(0, 16))
  })
})

it("a key shows nothing of itself", () => {
  const key = readSigningKey(COSIGN_KEY.privateKey, COSIGN_KEY.passphrase, "--key")
  expect(Object.keys(key)).toEqual(["sign", "publicKey", "hint"])
  expect(JSON.stringify(key)).not.toContain("PRIVATE")
})
