import { EVIDENCE_TYPES, IMAGE_EVIDENCE, INDEX_EVIDENCE } from "./kinds.js"
import type { PublishedImage } from "./published-image.js"
import type { Verification } from "./verification.js"

/** What an image is verified by, as it was given: paths of files, and an identity. */
export type GivenTrust = { key: string } | { identity: string; issuer: string; trustedRoot?: string }

/**
 * The commands of cosign 3 that verify the same, each in a line for a shell.
 *
 * @param repository that the image is in
 * @param plainHttp its registry has no TLS; cosign knows that of one on this machine
 */
export function cosignLines(
  image: Pick<PublishedImage, "index" | "images">,
  { digest }: Pick<Verification, "digest">,
  repository: string,
  given: GivenTrust,
  plainHttp = false,
): string[] {
  const options = [...optionsOf(given), ...(plainHttp ? ["--allow-http-registry"] : [])]
  const lines = (of: string, kinds: readonly (keyof typeof EVIDENCE_TYPES)[]) =>
    kinds.map((kind) => {
      const { cosign } = EVIDENCE_TYPES[kind]
      const command = cosign === undefined ? ["verify"] : ["verify-attestation", "--type", cosign]
      return ["cosign", ...command, ...options, `${repository}@${of}`].map(quoted).join(" ")
    })
  return [
    ...(image.index ? lines(digest, INDEX_EVIDENCE) : []),
    ...image.images.flatMap((one) => lines(one.digest, IMAGE_EVIDENCE)),
  ]
}

/** Signatures of a key are in no log, which cosign otherwise demands. */
function optionsOf(given: GivenTrust): string[] {
  if ("key" in given) return ["--key", given.key, "--insecure-ignore-tlog=true"]
  const { identity, issuer, trustedRoot } = given
  return [
    ...["--certificate-identity", identity],
    ...["--certificate-oidc-issuer", issuer],
    ...(trustedRoot === undefined ? [] : ["--trusted-root", trustedRoot]),
  ]
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
