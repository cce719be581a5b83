import { createCleartextMessage, generateKey, readPrivateKey, sign, type PrivateKey } from "openpgp"
import type { TrustedKey } from "../../../src/signatures/keys.js"

/** Whoever signs in tests, with a key of their own. */
export interface Signer {
  key: TrustedKey
  privateKey: PrivateKey
  /** Signs a text, as Debian's archive signs InRelease. */
  sign(text: string, date?: Date): Promise<string>
}

export async function makeSigner(
  name: string,
  change: { date?: Date; keyExpirationTime?: number } = {},
): Promise<Signer> {
  // Not of this second: a signature is not from before its key.
  const date = new Date(Date.now() - 60_000)
  const made = await generateKey({ type: "ecc", userIDs: [{ name }], date, ...change })
  const privateKey = await readPrivateKey({ armoredKey: made.privateKey })
  const fingerprint = privateKey.getFingerprint().toUpperCase()
  return {
    key: { armored: made.publicKey, fingerprint },
    privateKey,
    sign: async (text, when) => {
      const message = await createCleartextMessage({ text })
      return sign({ message, signingKeys: privateKey, ...(when ? { date: when } : {}) })
    },
  }
}
