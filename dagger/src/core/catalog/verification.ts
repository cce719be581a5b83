import { z } from "zod"

const KINDS = ["pgp", "sigstore", "npm-signature", "go-sumdb"] as const
const given = z.string({ error: "is missing" })
const word = given.regex(/^\S+$/, { error: "is not a word without spaces" })

/** By whose signature a source's files were verified when they were pinned, as it is written in pins.yaml. */
export const signatureSchema = z.discriminatedUnion(
  "by",
  [
    /** A list of checksums that is signed with the OpenPGP key of this fingerprint. */
    z.strictObject({
      by: z.literal("pgp"),
      key: given.regex(/^[0-9A-F]{40}$/, { error: "is not a fingerprint" }),
    }),
    /** A statement about the file in Sigstore's log, by a workflow or person (`identity`) whom `issuer` knows. */
    z.strictObject({ by: z.literal("sigstore"), identity: word, issuer: word }),
    /** npm's registry signs name, version and integrity of each package. */
    z.strictObject({ by: z.literal("npm-signature"), key: word }),
    /** The signed log of all Go modules' checksums, which the go command reads. */
    z.strictObject({ by: z.literal("go-sumdb"), database: word }),
  ],
  { error: `is not a signature: by ${KINDS.join(", ")}` },
)
export type Signature = z.infer<typeof signatureSchema>

/** What a pinned file was verified by when it was pinned. Every build compares it with the pinned checksum. */
export type VerifiedBy =
  | Signature
  /** The vendor publishes the checksum, over TLS. */
  | { by: "published" }
  /** The vendor publishes no checksum: it was computed from one download. */
  | { by: "first-seen" }

export function isSigned(verified: VerifiedBy): verified is Signature {
  return verified.by !== "published" && verified.by !== "first-seen"
}

/** @example signatureText({ by: "pgp", key: "8FCC…" }) ⇒ "signed list of checksums, OpenPGP key 8FCC…" */
export function signatureText(signature: Signature): string {
  switch (signature.by) {
    case "pgp":
      return `signed list of checksums, OpenPGP key ${signature.key}`
    case "sigstore":
      return `Sigstore attestation of ${signature.identity}, issuer ${signature.issuer}`
    case "npm-signature":
      return `the registry's signature, key ${signature.key}`
    case "go-sumdb":
      return `Go's checksum database ${signature.database}`
  }
}

/** What vendors' signatures are verified with; each method throws RunnerImagesError SIGNATURE_INVALID. */
export interface Verifiers {
  /**
   * A text that carries its own OpenPGP signature.
   *
   * @param keys name of a set of trusted keys
   * @param from its URL, for messages
   * @returns only what is signed, and the fingerprint of the key
   */
  openPgp(signed: string, keys: string, from: string): Promise<{ text: string; key: string }>
  /**
   * A package of npm's registry.
   *
   * @returns the name of the key; undefined if none of the signatures is of a key that is known
   */
  npm(signed: SignedPackage): string | undefined
  /**
   * An in-toto statement in a Sigstore bundle.
   *
   * @param bundle JSON
   */
  sigstore(bundle: string, about: AttestedFile, from: string): { identity: string; issuer: string }
}

export interface SignedPackage {
  /** `NAME@VERSION` */
  name: string
  integrity: string
  signatures: readonly { keyid: string; sig: string }[]
}

export interface AttestedFile {
  sha256: string
  /** On GitHub, `OWNER/NAME`: a workflow of this repository has made the file. */
  repository: string
  /** Another repository whose workflows may sign, because the first one uses them. */
  signer?: string | undefined
}
