import { readCleartextMessage, readKey, verify, type CleartextMessage } from "openpgp"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { TrustedKey } from "./keys.js"

/**
 * The text of a file that carries its own OpenPGP signature (RFC 9580, section 7). Other signatures beside the trusted key's are ignored.
 *
 * @param signed the file, as in Debian's InRelease
 * @param from where it came from, for messages
 * @param now when the key and the signature have to be valid
 * @returns only what is signed, with line feeds
 * @throws RunnerImagesError SIGNATURE_INVALID
 */
export async function verifiedText(signed: string, key: TrustedKey, from: string, now = new Date()): Promise<string> {
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError(
      "SIGNATURE_INVALID",
      `${from} is not signed with the key ${key.fingerprint}: ${why}.`,
      "Find out why before you trust it: somebody may have changed it, or its vendor has a new key.",
      { cause },
    )
  const trusted = (await readKey({ armoredKey: key.armored })).toPublic()
  if (trusted.getFingerprint().toUpperCase() !== key.fingerprint)
    throw new Error(`The file of the key ${key.fingerprint} has another key`)
  let message: CleartextMessage
  try {
    message = await readCleartextMessage({ cleartextMessage: signed })
  } catch (error) {
    throw invalid("it has no signature that can be read", error)
  }
  const { data, signatures } = await verify({ message, verificationKeys: trusted, date: now })
  const ids = new Set(trusted.getKeys().map((one) => one.getKeyID().toHex()))
  const own = signatures.filter(({ keyID }) => ids.has(keyID.toHex()))
  // The library asks whether the key was valid when it signed; apt asks whether it is now.
  const results = await Promise.allSettled(
    own.map(async ({ keyID, verified }) => Promise.all([verified, trusted.getSigningKey(keyID, now)])),
  )
  if (results.some(({ status }) => status === "fulfilled")) return data
  const [failed] = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []))
  throw invalid(failed === undefined ? "only others have signed it" : lowerFirst(failed.message), failed)
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}
