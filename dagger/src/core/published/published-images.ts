import type { Descriptor } from "../oci/documents.js"
import type { Referrer } from "../oci/referrer.js"
import type { Named } from "../oci/tag-moves.js"

/**
 * A registry, as far as the work on published images needs it. Every method throws RunnerImagesError AUTHENTICATION or REGISTRY_FAILED.
 * Implementations verify what has a digest.
 */
export interface PublishedImages {
  /** All tags of a repository, those that stand for a missing referrers API included. Empty if there is no such repository. */
  tags(repository: string): Promise<string[]>
  /**
   * The bytes of an index or manifest, as text; undefined if there is none.
   *
   * @param name `@sha256:…` or `:tag`
   */
  find(repository: string, name: string): Promise<string | undefined>
  /** A configuration, or the layer of an artifact, as text. */
  blob(repository: string, digest: string): Promise<string>
  /** What has the manifest as its subject, found by the referrers API or by the fallback tag. */
  referrers(repository: string, digest: string): Promise<Descriptor[]>
}

/** The methods that change something. */
export interface ChangingImages extends PublishedImages {
  /** Sets a tag to what the repository has, and reads it back. */
  tag(repository: string, digest: string, tag: string): Promise<void>
  /** What a tag points to after setting it failed. Answers soon, and never throws: the caller reports the earlier failure. */
  settle(repository: string, tag: string): Promise<Named>
  /** Pushes an artifact, with the fallback tag if the registry has no referrers API. */
  attach(repository: string, referrer: Referrer): Promise<void>
  /**
   * Deletes a manifest or index, and with it all tags that name it. What is gone already is no error; what a registry that cannot delete
   * says is one.
   */
  delete(repository: string, digest: string): Promise<void>
}
