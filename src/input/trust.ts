import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { GivenTrust } from "../../dagger/src/core/evidence/cosign-lines.js"
import type { Trust } from "../../dagger/src/core/evidence/trust.js"
import { textOf, readable } from "./host-files.js"

/** A public key has some hundred bytes, a trusted root some ten thousand. */
const MOST_BYTES = 4_000_000

/** What an image is verified by, as options give it. */
export interface TrustOptions {
  key?: string | undefined
  identity?: string | undefined
  issuer?: string | undefined
  trustedRoot?: string | undefined
}

/**
 * Reads what an image is verified by: a public key, or an identity with who vouches for it.
 *
 * @throws RunnerImagesError TRUST_INVALID when neither or both are given, or one is not complete; KEY_INVALID; TRUST_UNAVAILABLE when sigstore's
 *   public authorities are needed and cannot be had
 */
export async function readTrust(options: TrustOptions): Promise<{ trust: Trust; given: GivenTrust }> {
  const { key, identity, issuer, trustedRoot } = options
  const { identityTrust, keyTrust } = await import("../../dagger/src/core/evidence/trust.js")
  if (key !== undefined) {
    const other = Object.entries({ identity, issuer, "trusted-root": trustedRoot }).find(
      ([, value]) => value !== undefined,
    )
    if (other) throw trustError(`--key and --${other[0]} exclude each other.`, "Give what the image was signed with.")
    const text = readText(key, "--key", "KEY_INVALID")
    return { trust: keyTrust(text, `--key ${key}`), given: { key } }
  }
  if (identity === undefined && issuer === undefined && trustedRoot === undefined)
    throw trustError(
      "Nothing says whose signatures are trusted.",
      "Give --key with the publisher's public key, or --identity and --issuer.",
    )
  const missing = Object.entries({ identity, issuer }).flatMap(([name, value]) =>
    value === undefined ? [`--${name}`] : [],
  )
  if (identity === undefined || issuer === undefined)
    throw trustError(`An identity is not complete without ${missing.join(" and ")}.`, "Give --identity and --issuer.")
  const by = { subject: identity, issuer }
  if (trustedRoot !== undefined) {
    const text = readText(trustedRoot, "--trusted-root", "TRUST_INVALID")
    return {
      trust: identityTrust(by, text, `--trusted-root ${trustedRoot}`),
      given: { identity, issuer, trustedRoot },
    }
  }
  const { publicTrustedRoot } = await import("../signatures/public-root.js")
  return { trust: identityTrust(by, await publicTrustedRoot(), "what sigstore serves"), given: { identity, issuer } }
}

function readText(path: string, option: string, code: "KEY_INVALID" | "TRUST_INVALID"): string {
  return textOf(readable(path, "file", code, option), MOST_BYTES, code, option)
}

function trustError(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("TRUST_INVALID", problem, remedy)
}
