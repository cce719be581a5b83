import { RunnerImagesError, type ErrorCode } from "../errors.js"
import type { Trust } from "./trust.js"

/** What an image is verified by, as options give it. `F` is what an entry point takes for a file. */
export interface TrustOptions<F> {
  key?: F | undefined
  identity?: string | undefined
  issuer?: string | undefined
  trustedRoot?: F | undefined
}

/** The text of a file, and what messages call it. `code` is for a file that cannot be read. */
export type ReadTrustFile<F> = (file: F, option: string, code: ErrorCode) => Promise<{ text: string; origin: string }>

/**
 * Reads what an image is verified by: a public key, or an identity with who vouches for it.
 *
 * @param publicRoot gets the trusted root of sigstore's public servers, which is used if none is given; absent where it cannot be had
 * @throws RunnerImagesError TRUST_INVALID when neither or both are given, or one is not complete; KEY_INVALID; and what `publicRoot` throws
 */
export async function trustOf<F>(
  options: TrustOptions<F>,
  read: ReadTrustFile<F>,
  publicRoot?: () => Promise<string>,
): Promise<Trust> {
  const { key, identity, issuer, trustedRoot } = options
  // Loaded late: the library of sigstore takes a while.
  const { identityTrust, keyTrust } = await import("./trust.js")
  if (key !== undefined) {
    const other = Object.entries({ identity, issuer, "trusted-root": trustedRoot }).find(
      ([, value]) => value !== undefined,
    )
    if (other) throw trustError(`--key and --${other[0]} exclude each other.`, "Give what the image was signed with.")
    const { text, origin } = await read(key, "--key", "KEY_INVALID")
    return keyTrust(text, origin)
  }
  const all = publicRoot ? "--identity and --issuer" : "--identity, --issuer and --trusted-root"
  if (identity === undefined && issuer === undefined && trustedRoot === undefined)
    throw trustError(
      "Nothing says whose signatures are trusted.",
      `Give --key with the publisher's public key, or ${all}.`,
    )
  const needed = { identity, issuer, ...(publicRoot ? {} : { "trusted-root": trustedRoot }) }
  const missing = Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []))
  if (identity === undefined || issuer === undefined || missing.length > 0)
    throw trustError(`An identity is not complete without ${missing.join(" and ")}.`, `Give ${all}.`)
  const by = { subject: identity, issuer }
  if (trustedRoot !== undefined) {
    const { text, origin } = await read(trustedRoot, "--trusted-root", "TRUST_INVALID")
    return identityTrust(by, text, origin)
  }
  if (!publicRoot) throw new Error("a trusted root is given")
  return identityTrust(by, await publicRoot(), "what sigstore serves")
}

function trustError(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("TRUST_INVALID", problem, remedy)
}
