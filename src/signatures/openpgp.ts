import { readCleartextMessage, readKey, verify, type CleartextMessage, type PublicKey } from "openpgp"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { TrustedKey } from "./keys.js"

export interface VerifiedText {
  /** Only what is signed, with line feeds. */
  text: string
  /** The fingerprint of the trusted key that signed it. */
  key: string
}

/**
 * The text of a file that carries its own OpenPGP signature (RFC 9580, section 7). Signatures of others than the trusted keys are ignored.
 *
 * @param signed the file, as in Debian's InRelease
 * @param from where it came from, for messages
 * @param validAt the key has to be valid at this time too, and not only when it signed
 * @throws RunnerImagesError SIGNATURE_INVALID
 */
export async function verifiedText(
  signed: string,
  keys: readonly TrustedKey[],
  from: string,
  validAt?: Date,
): Promise<VerifiedText> {
  const whose = keys.length === 1 ? `the key ${keys[0]?.fingerprint ?? ""}` : `any of ${keys.length} trusted keys`
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError(
      "SIGNATURE_INVALID",
      `${from} is not signed with ${whose}: ${why}.`,
      "Find out why before you trust it: somebody may have changed it, or its vendor has a new key.",
      { cause },
    )
  const trusted = await Promise.all(keys.map(readTrustedKey))
  let message: CleartextMessage
  try {
    message = await readCleartextMessage({ cleartextMessage: signed })
  } catch (error) {
    throw invalid("it has no signature that can be read", error)
  }
  const date = validAt ?? new Date()
  const { data, signatures } = await verify({ message, verificationKeys: trusted, date })
  let failure: Error | undefined
  for (const { keyID, verified } of signatures) {
    const key = trusted.find((one) => one.getKeys(keyID).length > 0)
    try {
      await verified
      if (!key) continue
      // The library asks whether the key was valid when it signed; apt asks whether it is now.
      if (validAt) await key.getSigningKey(keyID, validAt)
      return { text: data, key: fingerprintOf(key) }
    } catch (error) {
      if (key && error instanceof Error) failure ??= error
    }
  }
  throw invalid(failure === undefined ? "only others have signed it" : lowerFirst(failure.message), failure)
}

async function readTrustedKey({ armored, fingerprint }: TrustedKey): Promise<PublicKey> {
  const key = (await readKey({ armoredKey: armored })).toPublic()
  if (fingerprintOf(key) === fingerprint) return key
  throw new Error(`The file of the key ${fingerprint} has another key`)
}

function fingerprintOf(key: PublicKey): string {
  return key.getFingerprint().toUpperCase()
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}
