import { canonicalJson, digestOf, MEDIA_TYPE, type Descriptor } from "../../../../dagger/src/core/oci/documents.js"
import type { Referrer } from "../../../../dagger/src/core/oci/referrer.js"
import type { Named } from "../../../../dagger/src/core/oci/tag-moves.js"
import type { ChangingImages } from "../../../../dagger/src/core/published/published-images.js"

export const REPOSITORY = "ghcr.io/owner/runner"
const EMPTY = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 }

interface Stored {
  manifests: Map<string, string>
  tags: Map<string, string>
}

/** What an index or manifest names, as far as these tests need it. */
interface Linked {
  mediaType: string
  artifactType?: string
  manifests?: Descriptor[]
  config?: Descriptor
  subject?: Descriptor
  annotations?: Record<string, string>
}

/**
 * A registry as the distribution specification describes one: the test of the same work on a real one is
 * `test/runtime/published.test.ts`.
 */
export class MemoryRegistry implements ChangingImages {
  readonly repositories = new Map<string, Stored>()
  readonly blobs = new Map<string, string>()
  /** What was changed, in order. */
  readonly writes: string[] = []

  /** @param referrersApi without it, referrers are in an index under a fallback tag, which the client keeps */
  constructor(private readonly referrersApi = true) {}

  put(repository: string, document: object, tag?: string): string {
    const text = canonicalJson(document)
    const digest = digestOf(text)
    const stored = this.stored(repository)
    stored.manifests.set(digest, text)
    if (tag !== undefined) stored.tags.set(tag, digest)
    return digest
  }

  blobOf(value: unknown): string {
    const text = typeof value === "string" ? value : canonicalJson(value)
    this.blobs.set(digestOf(text), text)
    return digestOf(text)
  }

  /** Everything that a repository has, to be compared. */
  contents(repository: string): { tags: Record<string, string>; manifests: string[] } {
    const { tags, manifests } = this.stored(repository)
    return { tags: Object.fromEntries([...tags].toSorted()), manifests: [...manifests.keys()].toSorted() }
  }

  tags(repository: string): Promise<string[]> {
    return Promise.resolve([...(this.repositories.get(repository)?.tags.keys() ?? [])])
  }

  find(repository: string, name: string): Promise<string | undefined> {
    const { manifests, tags } = this.stored(repository)
    const digest = name.startsWith("@") ? name.slice(1) : tags.get(name.slice(1))
    return Promise.resolve(digest === undefined ? undefined : manifests.get(digest))
  }

  blob(_repository: string, digest: string): Promise<string> {
    const text = this.blobs.get(digest)
    return text === undefined ? Promise.reject(new Error(`no blob ${digest}`)) : Promise.resolve(text)
  }

  async referrers(repository: string, digest: string): Promise<Descriptor[]> {
    if (!this.referrersApi) {
      const text = await this.find(repository, `:${digest.replace(":", "-")}`)
      return text === undefined ? [] : ((JSON.parse(text) as Linked).manifests ?? [])
    }
    return [...this.stored(repository).manifests].flatMap(([own, text]) => {
      const named = JSON.parse(text) as Linked
      return named.subject?.digest === digest ? [describe(own, text, named)] : []
    })
  }

  tag(repository: string, digest: string, tag: string): Promise<void> {
    const { manifests, tags } = this.stored(repository)
    if (!manifests.has(digest)) return Promise.reject(new Error(`${repository} has no ${digest}`))
    tags.set(tag, digest)
    this.writes.push(`tag ${tag} ${digest}`)
    return Promise.resolve()
  }

  async settle(repository: string, tag: string): Promise<Named> {
    const text = await this.find(repository, `:${tag}`)
    return { digest: text === undefined ? undefined : digestOf(text) }
  }

  async attach(repository: string, artifact: Referrer): Promise<void> {
    const text = await this.find(repository, `@${artifact.subject}`)
    if (text === undefined) throw new Error(`${repository} has no ${artifact.subject}`)
    const document = artifactOf(this, artifact, text)
    const digest = this.put(repository, document)
    this.writes.push(`attach ${artifact.artifactType} ${artifact.subject}`)
    if (this.referrersApi) return
    const others = await this.referrers(repository, artifact.subject)
    const own = describe(digest, canonicalJson(document), document)
    const manifests = [...others.filter((other) => other.digest !== digest), own]
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }
    const fallback = artifact.subject.replace(":", "-")
    const before = this.stored(repository).tags.get(fallback)
    if (before !== undefined) this.stored(repository).manifests.delete(before)
    this.put(repository, index, fallback)
  }

  delete(repository: string, digest: string): Promise<void> {
    const { manifests, tags } = this.stored(repository)
    if (!manifests.delete(digest)) return Promise.resolve()
    for (const [tag, named] of tags) if (named === digest) tags.delete(tag)
    this.writes.push(`delete ${digest}`)
    return Promise.resolve()
  }

  private stored(repository: string): Stored {
    const stored = this.repositories.get(repository) ?? { manifests: new Map(), tags: new Map() }
    this.repositories.set(repository, stored)
    return stored
  }
}

function artifactOf(registry: MemoryRegistry, { subject, content, ...artifact }: Referrer, subjectText: string) {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    artifactType: artifact.artifactType,
    config: EMPTY,
    layers: [{ mediaType: artifact.mediaType, digest: registry.blobOf(content), size: Buffer.byteLength(content) }],
    subject: { mediaType: MEDIA_TYPE.index, digest: subject, size: Buffer.byteLength(subjectText) },
    annotations: artifact.annotations,
  }
}

function describe(digest: string, text: string, { mediaType, artifactType, annotations }: Linked): Descriptor {
  return {
    mediaType,
    digest,
    size: Buffer.byteLength(text),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations ? { annotations } : {}),
  }
}

export interface MadeImage {
  platforms?: readonly string[]
  /** ISO 8601. */
  created?: string
  /** Makes images with otherwise equal contents different. */
  salt?: string
  labels?: Record<string, string>
  /** One platform's manifest, without an index. */
  bare?: true
  tags?: readonly string[]
}

/** Puts an image into a registry, and returns the digest of its index. */
export function publishImage(
  registry: MemoryRegistry,
  { platforms = ["linux/amd64", "linux/arm64"], created, salt = "", labels = {}, bare, tags = [] }: MadeImage = {},
  repository = REPOSITORY,
): string {
  const children = platforms.map((name) => {
    const [os = "", architecture = "", variant] = name.split("/")
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) }
    const rootfs = { type: "layers", diff_ids: [digestOf("base tar"), digestOf(`${salt} tar`)] }
    const config = { ...platform, ...(created ? { created } : {}), config: { Labels: labels }, rootfs, salt }
    const document = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: {
        mediaType: MEDIA_TYPE.config,
        digest: registry.blobOf(config),
        size: Buffer.byteLength(canonicalJson(config)),
      },
      layers: [
        { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf("base"), size: 30_000_000 },
        { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf(salt), size: 250_000_000 },
      ],
    }
    const digest = registry.put(repository, document)
    return { mediaType: MEDIA_TYPE.manifest, digest, size: Buffer.byteLength(canonicalJson(document)), platform }
  })
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: children,
    annotations: { ...(created ? { "org.opencontainers.image.created": created } : {}), salt },
  }
  const digest = bare ? (children[0]?.digest ?? "") : registry.put(repository, index)
  for (const tag of tags) {
    const document = registry.repositories.get(repository)?.manifests.get(digest) ?? ""
    registry.put(repository, JSON.parse(document) as object, tag)
  }
  return digest
}

/** Digests as `A`, `B` …, in the order in which they are first named. */
export function named(text: string): string {
  const names = new Map<string, string>()
  return text.replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => {
    const name = names.get(digest) ?? String.fromCharCode(65 + names.size)
    names.set(digest, name)
    return name
  })
}
