import { bundleFromJSON, isBundleWithDsseEnvelope, type BundleWithDsseEnvelope } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial, VerificationError, Verifier, type KeyFinderFunc } from "@sigstore/verify"
import { createPublicKey, type KeyObject } from "node:crypto"
import { RunnerImagesError } from "../errors.js"
import { parseJson } from "../text/json.js"
import { keyError, keyHint } from "./signing-key.js"
import { STATEMENT_MEDIA_TYPE } from "./statement.js"

/** Who a certificate is for, as its authority writes it. */
export interface Identity {
  /** Exactly: `https://github.com/OWNER/REPOSITORY/.github/workflows/publish.yml@refs/heads/main`, or an e-mail address. */
  subject: string
  /** Who vouched for it: `https://token.actions.githubusercontent.com`. */
  issuer: string
}

/** What signatures are verified by. */
export type Trust =
  { by: "key"; keys: ReadonlyMap<string, KeyObject> } | { by: "identity"; identity: Identity; root: TrustedRoot }

/** The text of a statement that was proved to be signed as demanded, and by whom. */
export interface SignedStatement {
  payload: string
  /** In text for people. */
  signer: string
}

/** Why a bundle proves nothing, in a clause. */
export class BundleProblem extends Error {}

const TRUSTED_ROOT = /^application\/vnd\.dev\.sigstore\.trustedroot/

/**
 * Trust in who has one of some private keys.
 *
 * @param pem the text of a public key, or of several one after the other, such as an old and a new one
 * @param origin what it is called in messages
 * @throws RunnerImagesError KEY_INVALID when one cannot be read
 */
export function keyTrust(pem: string, origin: string): Trust {
  const blocks = pem.match(/-----BEGIN [\s\S]*?-----END [^-]+-----/g) ?? [pem]
  const keys = blocks.map((block) => readPublicKey(block, origin))
  return { by: "key", keys: new Map(keys.map((key) => [keyHint(key), key])) }
}

/**
 * Trust in certificates for an identity.
 *
 * @param trustedRoot the text of a trusted root: the authorities and logs of sigstore's own servers, or of others
 * @throws RunnerImagesError TRUST_INVALID when it cannot be read
 */
export function identityTrust(identity: Identity, trustedRoot: string, origin: string): Trust {
  const invalid = (why: string) =>
    new RunnerImagesError(
      "TRUST_INVALID",
      `${origin} is not a trusted root of sigstore: ${why}.`,
      "Get that of the servers that the image was signed with: cosign trusted-root create writes one, and cosign initialize fetches the public one.",
    )
  const json = parseJson(trustedRoot, invalid)
  let root: TrustedRoot
  try {
    root = TrustedRoot.fromJSON(json)
    // Reads the keys and certificates, too.
    toTrustMaterial(root)
  } catch (error) {
    throw invalid(formProblem(error))
  }
  if (!TRUSTED_ROOT.test(root.mediaType)) throw invalid(`its media type is ${JSON.stringify(root.mediaType)}`)
  if (root.certificateAuthorities.length === 0) throw invalid("it names no certificate authority")
  return { by: "identity", identity, root }
}

/**
 * Verifies a bundle, and returns what is signed.
 *
 * @param text of a sigstore bundle
 * @throws BundleProblem
 */
export function verifyBundle(text: string, trust: Trust): SignedStatement {
  const bundle = readBundle(text)
  const { payload, payloadType } = bundle.content.dsseEnvelope
  if (payloadType !== STATEMENT_MEDIA_TYPE) throw new BundleProblem(`it signs ${payloadType}, not a statement`)
  const signer = trust.by === "key" ? verifyByKey(bundle, trust.keys) : verifyByIdentity(bundle, trust)
  return { payload: payload.toString("utf8"), signer }
}

function readBundle(text: string): BundleWithDsseEnvelope {
  try {
    const bundle = bundleFromJSON(JSON.parse(text))
    if (isBundleWithDsseEnvelope(bundle)) return bundle
  } catch {
    throw new BundleProblem("it is damaged: it is not a bundle of sigstore")
  }
  throw new BundleProblem("it signs a file, not a statement")
}

/** When it was signed says nothing about a key that is trusted at any time, so records of that are not looked at. */
function verifyByKey(bundle: BundleWithDsseEnvelope, keys: ReadonlyMap<string, KeyObject>): string {
  const entity = toSignedEntity(bundle)
  if (entity.key.$case !== "public-key") throw new BundleProblem("a certificate's key signed it, not the given one")
  const { hint } = entity.key
  const find: KeyFinderFunc = () => {
    const publicKey = keys.get(hint)
    if (!publicKey) throw new BundleProblem(`another key signed it${hint === "" ? "" : ` (${hint})`}`)
    return { publicKey, validFor: () => true }
  }
  const nothing = { mediaType: "", tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] }
  verify(new Verifier(toTrustMaterial(nothing, find), { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }), {
    ...entity,
    tlogEntries: [],
    timestamps: [],
  })
  return `key ${hint}`
}

/** Logs are demanded as far as the trusted root has some, and always something that says when it was signed. */
function verifyByIdentity(bundle: BundleWithDsseEnvelope, { identity, root }: Trust & { by: "identity" }): string {
  const entity = toSignedEntity(bundle)
  if (entity.key.$case !== "certificate") throw new BundleProblem("a key signed it, without a certificate")
  const verifier = new Verifier(toTrustMaterial(root), {
    tlogThreshold: Math.min(root.tlogs.length, 1),
    ctlogThreshold: Math.min(root.ctlogs.length, 1),
    timestampThreshold: 1,
  })
  const found = verify(verifier, entity)
  const subject = found?.subjectAlternativeName ?? "nobody"
  const issuer = found?.extensions?.issuer ?? "nobody"
  if (subject !== identity.subject) throw new BundleProblem(`${subject} signed it, not ${identity.subject}`)
  if (issuer !== identity.issuer) throw new BundleProblem(`${issuer} vouched for who signed it, not ${identity.issuer}`)
  return `${subject}, for whom ${issuer} vouched`
}

function verify(verifier: Verifier, entity: Parameters<Verifier["verify"]>[0]) {
  try {
    return verifier.verify(entity).identity
  } catch (error) {
    if (error instanceof BundleProblem) throw error
    if (error instanceof VerificationError) throw new BundleProblem(explain(error))
    throw new BundleProblem(`it is damaged: ${formProblem(error)}`)
  }
}

/** What the library says of a document; where it stumbles, that is only for whoever reads its source. */
function formProblem(error: unknown): string {
  return error instanceof Error && !(error instanceof TypeError) ? error.message : "it has another form"
}

function explain(error: VerificationError): string {
  const cause: unknown = error.cause
  const detail = cause instanceof Error ? cause.message : error.message
  switch (error.code) {
    case "SIGNATURE_ERROR":
      return "its signature does not fit its content"
    case "CERTIFICATE_ERROR":
      return detail.includes("expired")
        ? "its certificate was not valid when it was signed"
        : `its certificate is not from a trusted authority: ${detail}`
    case "TIMESTAMP_ERROR":
      return `nothing that is trusted says when it was signed: ${detail}`
    default:
      return `no trusted log has it: ${detail}`
  }
}

function readPublicKey(pem: string, origin: string): KeyObject {
  if (pem.includes("PRIVATE KEY-----"))
    throw keyError(
      `${origin} is a private key, which is not needed here.`,
      "Give the public one of the pair, and keep this one where only the signer reads it.",
    )
  let key: KeyObject
  try {
    if (!pem.includes("-----BEGIN PUBLIC KEY-----")) throw new Error("another label")
    key = createPublicKey(pem)
  } catch {
    throw keyError(`${origin} is not a public key in PEM format.`, "Give the one that belongs to the key that signed.")
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === "ed25519" || (type === "ec" && details?.namedCurve === "prime256v1")) return key
  throw keyError(
    `${origin} is a key of another kind than images are signed with.`,
    "Give one of ECDSA on P-256, or of Ed25519.",
  )
}
