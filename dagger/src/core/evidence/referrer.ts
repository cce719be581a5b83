import { canonicalJson, digestOf } from "../oci/documents.js"
import type { Referrer } from "../oci/referrer.js"

/** Of a sigstore bundle: https://docs.sigstore.dev/about/bundle. cosign v3 finds signatures by it. */
export const BUNDLE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

/** Which predicate is in a bundle, by cosign's annotation. Nothing but the signed statement proves it. */
export const PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType"

/** The same by BuildKit's annotation, for statements that nothing signs. */
export const PLAIN_PREDICATE_ANNOTATION = "in-toto.io/predicate-type"

/** Whichever names the predicate. */
export function predicateIn(annotations: Readonly<Record<string, string>>): string | undefined {
  return annotations[PREDICATE_ANNOTATION] ?? annotations[PLAIN_PREDICATE_ANNOTATION]
}

/** Bills of materials that nothing signs. */
export const SBOM_MEDIA_TYPES = {
  spdx: "application/spdx+json",
  cyclonedx: "application/vnd.cyclonedx+json",
} as const

/** The report of the build, as it was written beside the images. */
export const REPORT_MEDIA_TYPE = "application/vnd.runner-images.report+json"

/** The configuration of an artifact that has none: https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export const EMPTY_CONFIG = { mediaType: "application/vnd.oci.empty.v1+json", content: "{}" } as const

const MANIFEST_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"

/** What a manifest refers to. */
export interface SubjectDescriptor {
  mediaType: string
  digest: string
  size: number
}

/** The manifest of an artifact, as text. */
export function artifactManifest(referrer: Referrer, subject: SubjectDescriptor): string {
  const describe = (mediaType: string, content: string) => ({
    mediaType,
    digest: digestOf(content),
    size: Buffer.byteLength(content),
  })
  return canonicalJson({
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    artifactType: referrer.artifactType,
    config: describe(EMPTY_CONFIG.mediaType, EMPTY_CONFIG.content),
    layers: [describe(referrer.mediaType, referrer.content)],
    subject,
    annotations: referrer.annotations,
  })
}
