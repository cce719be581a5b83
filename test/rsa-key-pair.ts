import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"

/**
 * A new RSA key pair.
 *
 * The key is read back from its text. Node.js 20 locks a key while it exports it; if garbage is collected at that moment, the job that
 * generated the key is destroyed, which waits for the same lock for ever. A key that was read has no such job.
 */
export function rsaKeyPair(modulusLength = 2048): { privateKey: KeyObject; publicKey: KeyObject } {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  })
  const read = createPrivateKey(privateKey)
  return { privateKey: read, publicKey: createPublicKey(privateKey) }
}
