/**
 * What is said about a published image, and what it is called: by in-toto (the predicate's type), by cosign (`--type`), and as an artifact in a
 * registry if nothing signs it.
 */
interface EvidenceType {
  /** In text for people. */
  title: string
  /** https://github.com/in-toto/attestation/blob/main/spec/v1/predicate.md */
  predicateType: string
  /** What `cosign verify-attestation` takes for it; undefined for what `cosign verify` looks at. */
  cosign: string | undefined
}

const TYPES = {
  signature: {
    title: "signature",
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    cosign: undefined,
  },
  spdx: { title: "bill of materials in SPDX", predicateType: "https://spdx.dev/Document", cosign: "spdxjson" },
  cyclonedx: {
    title: "bill of materials in CycloneDX",
    predicateType: "https://cyclonedx.org/bom",
    cosign: "cyclonedx",
  },
  provenance: { title: "provenance", predicateType: "https://slsa.dev/provenance/v1", cosign: "slsaprovenance1" },
  tests: {
    title: "test results",
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    cosign: "https://in-toto.io/attestation/test-result/v0.1",
  },
} as const satisfies Record<string, EvidenceType>

export type EvidenceKind = keyof typeof TYPES
export const EVIDENCE_TYPES: Readonly<Record<EvidenceKind, EvidenceType>> = TYPES

/** What the image of one platform has. */
export const IMAGE_EVIDENCE = [
  "signature",
  "provenance",
  "tests",
  "spdx",
  "cyclonedx",
] as const satisfies readonly EvidenceKind[]

/** What the index has: bills of materials are about one platform. */
export const INDEX_EVIDENCE = ["signature", "provenance", "tests"] as const satisfies readonly EvidenceKind[]

/** The kind that has a predicate of this type; undefined for a type that this project does not write. */
export function kindOf(predicateType: string): EvidenceKind | undefined {
  const kinds = Object.keys(TYPES) as EvidenceKind[]
  return kinds.find((kind) => TYPES[kind].predicateType === predicateType)
}
