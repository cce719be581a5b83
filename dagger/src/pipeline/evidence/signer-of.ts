import { RunnerImagesError } from "../../core/errors.js"
import type { StatementSigner } from "../../core/evidence/evidence.js"
import { readSigningKey } from "../../core/evidence/signing-key.js"
import type { IdentityToken } from "./signers.js"

/** How a publication is to be signed, as it was asked for. */
export interface GivenSigning {
  /** A private key; `origin` is what it is called in messages. */
  key?: { text: string; origin: string }
  passphrase?: string
  /** Proves an identity; given to sign without a key. */
  token?: IdentityToken
  fulcio?: string
  rekor?: string
  timestamps?: string
}

/** The public servers of sigstore. */
export const SIGSTORE = { fulcio: "https://fulcio.sigstore.dev", rekor: "https://rekor.sigstore.dev" } as const

/**
 * The signer that was asked for. What can be wrong with it is found out here, as far as no server need be asked.
 *
 * @returns undefined if nothing is to be signed
 * @throws RunnerImagesError USAGE, KEY_INVALID or SIGNING_FAILED
 */
export async function signerOf(given: GivenSigning): Promise<StatementSigner | undefined> {
  const { key, passphrase, token, fulcio, rekor, timestamps } = given
  if (key && token) throw usage("Images are signed with a key or with an identity, not with both.", "Give one of them.")
  if (passphrase !== undefined && !key) throw usage("There is a passphrase, but no key.", "Add the key that signs.")
  if (fulcio !== undefined && !token)
    throw usage("There is a certificate authority, but no identity that it could certify.", "Add the identity.")
  const log = (url: string) => ({ url, version: 1 as const })
  if (token) {
    const { assertToken, keylessSigner } = await import("./signers.js")
    // Without one, a build would be in vain.
    assertToken(await token())
    const servers = { fulcio: fulcio ?? SIGSTORE.fulcio, rekor: log(rekor ?? SIGSTORE.rekor) }
    return keylessSigner({ ...servers, ...(timestamps === undefined ? {} : { timestamps }) }, token)
  }
  if (!key) {
    if (rekor === undefined && timestamps === undefined) return undefined
    throw usage("A server is to record signatures, but nothing signs.", "Add a key or an identity.")
  }
  const witnesses = {
    ...(rekor === undefined ? {} : { rekor: log(rekor) }),
    ...(timestamps === undefined ? {} : { timestamps }),
  }
  const { keySigner } = await import("./signers.js")
  return keySigner(readSigningKey(key.text, passphrase, key.origin), witnesses)
}

function usage(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("USAGE", problem, remedy)
}
