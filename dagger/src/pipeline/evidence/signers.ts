import { bundleFromJSON, bundleToJSON } from "@sigstore/bundle"
import {
  CIContextProvider,
  DSSEBundleBuilder,
  FulcioSigner,
  RekorWitness,
  TSAWitness,
  type FulcioSignerOptions,
  type Signer,
  type Witness,
} from "@sigstore/sign"
import { RunnerImagesError } from "../../core/errors.js"
import { STATEMENT_MEDIA_TYPE } from "../../core/evidence/statement.js"
import type { StatementSigner } from "../../core/evidence/evidence.js"
import type { SigningKey } from "../../core/evidence/signing-key.js"
import { BundleProblem, keyTrust, verifyBundle, type Trust } from "../../core/evidence/trust.js"
import { withoutSecrets } from "../../core/text/mirror.js"
import { isLoopback } from "../../core/text/reference.js"

// Whoever needs this file loads it by import(), when something is signed: sigstore's packages cannot be loaded so themselves. They are no
// ES modules, of which import() finds nothing in the bundled command line.

/** Servers that record when a signature was made. */
export interface Witnesses {
  /** The URL of a transparency log: https://docs.sigstore.dev/logging/overview. */
  rekor?: { url: string; version: 1 | 2 }
  /** The URL of a timestamp authority that speaks RFC 3161. */
  timestamps?: string
}

/** Where signatures without a key of one's own are certified and recorded. One of the witnesses must say when: certificates are valid for minutes. */
export interface KeylessServers extends Witnesses {
  /** The URL of a certificate authority that certifies identities: https://docs.sigstore.dev/certificate_authority/overview. */
  fulcio: string
}

/** Returns a token of OpenID Connect for the audience `sigstore`. */
export type IdentityToken = () => Promise<string>

const AUDIENCE = "sigstore"
/** Of each request, as often as it is repeated after a server's error. */
const FETCH = { timeout: 30_000, retry: { retries: 2 } } as const

/** Signs with a key. Without witnesses this needs no network. */
export function keySigner(key: SigningKey, witnesses: Witnesses = {}): StatementSigner {
  const signer: Signer = {
    sign: (data) =>
      Promise.resolve({
        signature: key.sign(data),
        key: { $case: "publicKey", publicKey: key.publicKey },
      }),
  }
  const trust = keyTrust(key.publicKey, "the signing key")
  return Object.assign(statementSigner(signer, witnessesOf(witnesses), { hint: key.hint }), {
    recognise: (bundle: string) => (isWitnessed(bundle, witnesses) ? signedStatement(bundle, trust) : undefined),
  })
}

function signedStatement(bundle: string, trust: Trust): string | undefined {
  try {
    return verifyBundle(bundle, trust).payload
  } catch (error) {
    if (error instanceof BundleProblem) return undefined
    throw error
  }
}

/** Whether a bundle has records of the kinds of servers that are asked now. What they say matters to nobody who trusts the key. */
function isWitnessed(bundle: string, { rekor, timestamps }: Witnesses): boolean {
  try {
    const { verificationMaterial: found } = bundleFromJSON(JSON.parse(bundle))
    const stamps = found.timestampVerificationData?.rfc3161Timestamps ?? []
    return (rekor === undefined || found.tlogEntries.length > 0) && (timestamps === undefined || stamps.length > 0)
  } catch {
    return false // Not a bundle at all.
  }
}

/**
 * Signs without a key of one's own: for every signature, a certificate authority certifies a new key for an identity, which a CI system proves.
 *
 * @throws RunnerImagesError SIGNING_FAILED when a URL is not one of a server with TLS, or nothing would record when a signature was made
 */
export function keylessSigner(servers: KeylessServers, token: IdentityToken): StatementSigner {
  const { fulcio, rekor, timestamps } = servers
  if (timestamps === undefined && rekor?.version !== 1)
    throw signingError(
      "Nothing would record when signatures were made, which their certificates need: they are valid for minutes.",
      "Name a timestamp authority, or a transparency log of version 1.",
    )
  const secrets: string[] = []
  const identityProvider: FulcioSignerOptions["identityProvider"] = {
    getToken: async () => {
      const given = await token()
      secrets.push(given)
      assertToken(given)
      return given
    },
  }
  const signer = new FulcioSigner({ fulcioBaseURL: serverUrl(fulcio), identityProvider, ...FETCH })
  return statementSigner(signer, witnessesOf({ ...(rekor && { rekor }), ...(timestamps && { timestamps }) }), {
    secrets,
  })
}

/**
 * The identity of the CI job that this process runs in: from GitHub Actions, or from the variable SIGSTORE_ID_TOKEN, in which other systems put it.
 *
 * @throws RunnerImagesError SIGNING_FAILED when there is none
 */
export async function ciIdentityToken(): Promise<string> {
  try {
    return await new CIContextProvider(AUDIENCE).getToken()
  } catch {
    throw signingError(
      "No identity can be proved: neither GitHub Actions nor the variable SIGSTORE_ID_TOKEN gives a token.",
      "In GitHub Actions, give the job the permission id-token: write. Elsewhere, put a token for the audience sigstore into the variable, or sign with a key.",
    )
  }
}

function witnessesOf({ rekor, timestamps }: Witnesses): Witness[] {
  if (rekor === undefined && timestamps === undefined) return []
  return [
    ...(rekor
      ? [
          new RekorWitness({
            rekorBaseURL: serverUrl(rekor.url),
            majorApiVersion: rekor.version,
            entryType: "dsse",
            ...FETCH,
          }),
        ]
      : []),
    ...(timestamps === undefined ? [] : [new TSAWitness({ tsaBaseURL: serverUrl(timestamps), ...FETCH })]),
  ]
}

/**
 * @param hint which key signs, without a certificate. The library would also write it into the envelope, where cosign takes it for a demand
 * @param secrets what no error may show, which may grow while it signs
 */
function statementSigner(
  signer: Signer,
  witnesses: Witness[],
  { hint, secrets = [] }: { hint?: string; secrets?: readonly string[] },
): StatementSigner {
  const builder = new DSSEBundleBuilder({ signer, witnesses })
  return async (statement) => {
    try {
      const bundle = await builder.create({ data: Buffer.from(statement), type: STATEMENT_MEDIA_TYPE })
      const { content } = bundle.verificationMaterial
      if (hint !== undefined && content.$case === "publicKey") content.publicKey.hint = hint
      return JSON.stringify(bundleToJSON(bundle))
    } catch (error) {
      throw refused(error, secrets)
    }
  }
}

/**
 * The library quotes a token that it cannot read: it gets none such.
 *
 * @throws RunnerImagesError SIGNING_FAILED, without the token
 */
export function assertToken(token: string): void {
  let payload: unknown
  try {
    payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"))
  } catch {
    payload = undefined
  }
  const { sub, email, email_verified: verified } = (payload ?? {}) as Record<string, unknown>
  if (typeof email === "string" ? verified === true : typeof sub === "string" && sub !== "") return
  throw signingError(
    "The identity token cannot be used: it is not a JSON Web Token with a subject or a verified e-mail address.",
    "Get a token of OpenID Connect for the audience sigstore.",
  )
}

/** The whole chain of causes, since the library's own message only says which step failed. */
function refused(error: unknown, secrets: readonly string[]): RunnerImagesError {
  const said: string[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RunnerImagesError) return cause
    const text = secrets.reduce(
      (rest, secret) => (secret === "" ? rest : rest.replaceAll(secret, "***")),
      cause.message,
    )
    if (!said.some((earlier) => earlier.includes(text))) said.push(text)
  }
  return signingError(
    `A signature could not be made: ${said.join(": ")}.`,
    "Nothing was attached or tagged. Try again, or sign with a key.",
  )
}

/** @throws RunnerImagesError SIGNING_FAILED for anything but https, except on this machine: an identity token is sent there */
function serverUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname))
  if (!url || !safe || url.username !== "" || url.password !== "")
    throw signingError(
      `"${withoutSecrets(given)}" is not the address of a server that signatures can be sent to.`,
      "Give an https URL without a user and password, as in https://fulcio.sigstore.dev.",
    )
  return given.replace(/\/+$/, "")
}

function signingError(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("SIGNING_FAILED", problem, remedy)
}
