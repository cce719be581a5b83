import { createPublicKey, verify } from "node:crypto"
import type { SignedPackage } from "../../dagger/src/core/catalog/verification.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"

/**
 * The keys of npm's registry by their names, as Sigstore's TUF repository has them, and not as the registry itself serves them: each is an ECDSA
 * key on P-256 in DER, in base64. The one before has expired, and all packages were signed again.
 */
export const NPM_KEYS: Readonly<Record<string, string>> = {
  "SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U":
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY6Ya7W++7aUPzvMTrezH6Ycx3c+HOKYCcNGybJZSCJq/fd7Qa8uuAKtdIkUQtQiEKERhAmE5lMMJhP8OkDOa2g==",
}

/**
 * Verifies the registry's signature of a package: https://docs.npmjs.com/about-registry-signatures
 *
 * @returns the name of the key that signed it; undefined without a signature of a key that is known
 * @throws RunnerImagesError SIGNATURE_INVALID when a known key's signature does not fit
 */
export function npmSigner(
  { name, integrity, signatures }: SignedPackage,
  keys: Readonly<Record<string, string>> = NPM_KEYS,
): string | undefined {
  const known = signatures.find(({ keyid }) => Object.hasOwn(keys, keyid))
  if (!known) return undefined
  const key = createPublicKey({ key: Buffer.from(keys[known.keyid] ?? "", "base64"), format: "der", type: "spki" })
  const signed = Buffer.from(`${name}:${integrity}`)
  if (verify("sha256", signed, key, Buffer.from(known.sig, "base64"))) return known.keyid
  throw new RunnerImagesError(
    "SIGNATURE_INVALID",
    `The registry's signature of ${name} by the key ${known.keyid} is of something else.`,
    "Find out why before you pin it: somebody may have replaced the package.",
  )
}
