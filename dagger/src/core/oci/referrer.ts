/** Something about an image that is published beside it, such as a bill of materials: an OCI artifact with a subject. */
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
