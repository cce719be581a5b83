import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js"
import { createHash, createPrivateKey, createPublicKey, scryptSync, sign, type KeyObject } from "node:crypto"
import { z } from "zod"
import { RunnerImagesError } from "../errors.js"

/** A private key that signs. Its text and its passphrase are in no property, and in no error. */
export interface SigningKey {
  /** The signature of ECDSA with SHA-256, or of Ed25519. */
  sign: (data: Uint8Array) => Buffer
  /** PEM. */
  publicKey: string
  /** Which key it is, as cosign calls keys. */
  hint: string
}

/** PEM's labels: those of PKCS#8, SEC 1, and cosign's own since version 2 and before. */
const PLAIN = ["PRIVATE KEY", "EC PRIVATE KEY"]
const ENCRYPTED = "ENCRYPTED PRIVATE KEY"
const COSIGN = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"]

/** What `github.com/secure-systems-lab/go-securesystemslib/encrypted` writes, which is in cosign's keys. */
const base64 = z.string().transform((text) => Buffer.from(text, "base64"))
const cosignKeySchema = z.object({
  kdf: z.object({
    name: z.literal("scrypt"),
    // Others are none that it writes, and could keep a machine busy for hours.
    params: z.object({ N: z.literal([2 ** 15, 2 ** 16, 2 ** 17]), r: z.literal(8), p: z.literal(1) }),
    salt: base64,
  }),
  cipher: z.object({ name: z.literal("nacl/secretbox"), nonce: base64 }),
  ciphertext: base64,
})

const CREATE =
  "Make one with cosign generate-key-pair, or with openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256."

/**
 * Reads a private key: PKCS#8 or SEC 1, encrypted or not, or as `cosign generate-key-pair` writes it.
 *
 * @param pem its text
 * @param origin what it is called in messages: an option or a file
 * @throws RunnerImagesError KEY_INVALID, which has nothing of the key and its passphrase
 */
export function readSigningKey(pem: string, passphrase: string | undefined, origin: string): SigningKey {
  const key = privateKey(pem, passphrase, origin)
  const type = key.asymmetricKeyType
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (type !== "ed25519" && curve !== "prime256v1")
    throw keyError(
      `${origin} is ${curve === undefined ? `a key of ${type?.toUpperCase() ?? "an unknown kind"}` : `a key on the curve ${curve}`}, and signatures are made with ECDSA on P-256 or with Ed25519.`,
      CREATE,
    )
  const publicKey = createPublicKey(key)
  return {
    sign: (data) => sign(type === "ed25519" ? undefined : "sha256", data, key),
    publicKey: publicKey.export({ format: "pem", type: "spki" }).toString(),
    hint: keyHint(publicKey),
  }
}

/** Which key it is: the SHA-256 of its SubjectPublicKeyInfo, in base64. So bundles of cosign and of this program name the same key alike. */
export function keyHint(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ format: "der", type: "spki" }))
    .digest("base64")
}

export function keyError(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("KEY_INVALID", problem, remedy)
}

/** Node.js' and OpenSSL's errors are not passed on: they may quote what they could not read. */
function privateKey(pem: string, passphrase: string | undefined, origin: string): KeyObject {
  const [, label, body = ""] = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/.exec(pem) ?? []
  if (label === undefined) throw keyError(`${origin} is not a key in PEM format.`, CREATE)
  if (label === "PUBLIC KEY")
    throw keyError(`${origin} is a public key, and only the private one can sign.`, "Give the other file of the pair.")
  if (COSIGN.includes(label)) return cosignKey(Buffer.from(body, "base64"), passphrase, origin)
  // OpenSSL's encryption before PKCS#8 has one round of MD5 against guessing.
  if (body.includes("Proc-Type"))
    throw keyError(`${origin} is encrypted in an old, weak way.`, "Convert it with openssl pkcs8 -topk8.")
  if (label === ENCRYPTED && passphrase === undefined) throw noPassphrase(origin)
  if (label !== ENCRYPTED && !PLAIN.includes(label))
    throw keyError(`${origin} is "${label}", which is not a private key that can sign.`, CREATE)
  const key = attempt(() =>
    createPrivateKey({ key: pem, format: "pem", ...(label === ENCRYPTED ? { passphrase } : {}) }),
  )
  if (key) return key
  throw label === ENCRYPTED ? wrongPassphrase(origin) : damaged(origin)
}

/** Without a passphrase, cosign encrypts with an empty one. */
function cosignKey(text: Buffer, passphrase: string | undefined, origin: string): KeyObject {
  const parsed = cosignKeySchema.safeParse(attempt(() => JSON.parse(text.toString("utf8")) as unknown))
  if (!parsed.success) throw damaged(origin)
  const { kdf, cipher, ciphertext } = parsed.data
  const { N, r, p } = kdf.params
  const der = attempt(() => {
    const secret = scryptSync(passphrase ?? "", kdf.salt, 32, { N, r, p, maxmem: 256 * N * r })
    return xsalsa20poly1305(secret, cipher.nonce).decrypt(ciphertext)
  })
  if (!der) throw passphrase === undefined ? noPassphrase(origin) : wrongPassphrase(origin)
  const key = attempt(() => createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" }))
  if (!key) throw damaged(origin)
  return key
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function noPassphrase(origin: string): RunnerImagesError {
  return keyError(`${origin} is encrypted, and there is no passphrase.`, "Give the passphrase of the key.")
}

function wrongPassphrase(origin: string): RunnerImagesError {
  return keyError(
    `${origin} cannot be decrypted with this passphrase.`,
    "Check the passphrase, and that it is the right key.",
  )
}

function damaged(origin: string): RunnerImagesError {
  return keyError(`${origin} is damaged: it is not what its first line says.`, CREATE)
}
