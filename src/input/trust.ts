import type { GivenTrust } from "../../dagger/src/core/evidence/cosign-lines.js"
import { trustOf, type ReadTrustFile, type TrustOptions } from "../../dagger/src/core/evidence/given-trust.js"
import type { Trust } from "../../dagger/src/core/evidence/trust.js"
import { textOf, readable } from "./host-files.js"

/** A public key has some hundred bytes, a trusted root some ten thousand. */
const MOST_BYTES = 4_000_000

/**
 * Reads what an image is verified by: a public key, or an identity with who vouches for it. Files are named by their paths.
 *
 * @throws RunnerImagesError TRUST_INVALID when neither or both are given, or one is not complete; KEY_INVALID; TRUST_UNAVAILABLE when sigstore's
 *   public authorities are needed and cannot be had
 */
export async function readTrust(options: TrustOptions<string>): Promise<{ trust: Trust; given: GivenTrust }> {
  const trust = await trustOf(options, read, async () => {
    const { publicTrustedRoot } = await import("../signatures/public-root.js")
    return publicTrustedRoot()
  })
  const { key, identity = "", issuer = "", trustedRoot } = options
  if (key !== undefined) return { trust, given: { key } }
  return { trust, given: { identity, issuer, ...(trustedRoot === undefined ? {} : { trustedRoot }) } }
}

const read: ReadTrustFile<string> = (path, option, code) => {
  const text = textOf(readable(path, "file", code, option), MOST_BYTES, code, option)
  return Promise.resolve({ text, origin: `${option} ${path}` })
}
