/** An artifact that refers to an image or an index in the same repository, with one layer: https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export interface Referrer {
  /** Digest of the manifest or index that it is about. */
  subject: string
  /** Of the artifact's manifest. */
  artifactType: string
  /** Of its only layer. */
  mediaType: string
  annotations: Record<string, string>
  /** The layer's bytes as text. */
  content: string
}
