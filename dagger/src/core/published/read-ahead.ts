import type { Descriptor } from "../oci/documents.js"
import type { SurveyAnswer } from "../oci/registry-answers.js"
import type { Referrer } from "../oci/referrer.js"
import type { Named } from "../oci/tag-moves.js"
import type { ChangingImages } from "./published-images.js"

/**
 * A registry of which much was read in one go, since each question is a step of the engine. It answers from that as long as nothing is changed through
 * it, and asks the registry what it does not know: what was not read ahead only takes longer.
 */
export class ReadAhead implements ChangingImages {
  /** Undefined once something was changed: what was read may not be true any more. */
  private known: SurveyAnswer | undefined

  /** @param repository that was read */
  constructor(
    private readonly behind: ChangingImages,
    private readonly repository: string,
    known: SurveyAnswer,
  ) {
    this.known = known
  }

  async tags(repository: string): Promise<string[]> {
    const known = this.of(repository)
    return known?.complete ? Object.keys(known.tags).toSorted() : this.behind.tags(repository)
  }

  async find(repository: string, name: string): Promise<string | undefined> {
    const known = this.of(repository)
    const digest = name.startsWith("@") ? name.slice(1) : this.tagIn(known, name.slice(1))
    const content = digest === null ? null : known?.manifests[digest ?? ""]
    return content === undefined ? this.behind.find(repository, name) : (content ?? undefined)
  }

  async blob(repository: string, digest: string): Promise<string> {
    return this.of(repository)?.blobs[digest] ?? this.behind.blob(repository, digest)
  }

  async referrers(repository: string, digest: string): Promise<Descriptor[]> {
    return this.of(repository)?.referrers[digest] ?? this.behind.referrers(repository, digest)
  }

  async tag(repository: string, digest: string, tag: string): Promise<void> {
    this.known = undefined
    await this.behind.tag(repository, digest, tag)
  }

  async settle(repository: string, tag: string): Promise<Named> {
    return this.behind.settle(repository, tag)
  }

  async attach(repository: string, referrer: Referrer): Promise<void> {
    this.known = undefined
    await this.behind.attach(repository, referrer)
  }

  async delete(repository: string, digest: string): Promise<void> {
    this.known = undefined
    await this.behind.delete(repository, digest)
  }

  private of(repository: string): SurveyAnswer | undefined {
    return repository === this.repository ? this.known : undefined
  }

  /** The digest that a tag points to; null if there is no such tag, undefined if nobody has looked. */
  private tagIn(known: SurveyAnswer | undefined, tag: string): string | null | undefined {
    if (!known) return undefined
    if (Object.hasOwn(known.tags, tag)) return known.tags[tag]
    return known.complete ? null : undefined
  }
}
