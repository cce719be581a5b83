import { digestOf } from "../oci/documents.js"
import { REFERRERS_TAG } from "../text/reference.js"
import { referrersOf } from "./artifacts.js"
import { groupedBy } from "./grouped.js"
import { createdAt, imageOf, isIndex, parseDocument } from "./image.js"
import type { PublishedImages } from "./published-images.js"
import { recordsIn, TAG_MOVE_TYPE, type TagRecord } from "./tag-history.js"

/** A manifest or index in a repository. Other nodes are named by their digests. */
export interface Node {
  digest: string
  /** What it consists of, as far as it is there: platforms, or the referrers in the index of a fallback tag. */
  children: string[]
  /** What is about it: signatures, bills of materials, records. */
  referrers: string[]
  /** What is under tags that are made of its digest: the index of its referrers, or what older tools put there. */
  fallbacks: string[]
  /** What it is about itself. */
  subject?: string
  /** How tags came to it, the newest first. */
  records: TagRecord[]
  /** The time when it was made, ISO 8601, if a tag names it and it says so. */
  created?: string
  /** Whether a tag names it and it has a platform. */
  image: boolean
}

/** All that can be found in a repository. */
export interface Survey {
  repository: string
  /** Digests by tag, without those of fallback tags. */
  tags: ReadonlyMap<string, string>
  /** Digests by fallback tag, of which the image was not found. */
  strays: ReadonlyMap<string, string>
  nodes: ReadonlyMap<string, Node>
}

/** Requests at the same time. */
const PARALLEL = 8

/**
 * Reads a repository: what its tags name, what that consists of, what is about it, and where tags were before. A registry lists nothing
 * but tags, so an image without a tag is only found where a record names it.
 *
 * @throws the registry's errors
 */
export async function surveyOf(images: PublishedImages, repository: string): Promise<Survey> {
  const texts = new Map<string, string>()
  const tags = new Map<string, string>()
  const fallbackTags = new Map<string, string>()
  await inParallel(await images.tags(repository), async (tag) => {
    const text = await images.find(repository, `:${tag}`)
    if (text === undefined) return // Deleted meanwhile.
    texts.set(digestOf(text), text)
    ;(REFERRERS_TAG.test(tag) ? fallbackTags : tags).set(tag, digestOf(text))
  })
  const fallbacks = groupedBy([...fallbackTags], ([tag]) => subjectOf(tag))
  const tagged = new Set(tags.values())

  const nodes = new Map<string, Node>()
  const seen = new Set<string>()
  const visit = async (digests: Iterable<string>): Promise<void> => {
    const open = [...new Set(digests)].filter((digest) => !seen.has(digest))
    if (open.length === 0) return
    for (const digest of open) seen.add(digest)
    await inParallel(open, async (digest) => {
      const text = texts.get(digest) ?? (await images.find(repository, `@${digest}`))
      if (text === undefined) return
      const own = (fallbacks.get(digest) ?? []).map(([, fallback]) => fallback)
      nodes.set(digest, { ...(await nodeOf(images, repository, text, tagged.has(digest))), fallbacks: own })
    })
    await visit(open.flatMap((digest) => neighbours(nodes.get(digest))))
  }
  await visit(tagged)
  // A fallback tag of which the image was not found: it, too, is read, and so is the image, if it is there after all.
  const strays = new Map([...fallbackTags].filter(([tag]) => !nodes.has(subjectOf(tag))))
  await visit(strays.values())
  return { repository, tags, strays, nodes }
}

/** `subjectOf("sha256-ab….sig")` ⇒ `"sha256:ab…"` */
function subjectOf(fallbackTag: string): string {
  const [, algorithm = "", hex = ""] = REFERRERS_TAG.exec(fallbackTag) ?? []
  return `${algorithm}:${hex}`
}

/** Everything that a node names, and what its records say was named before. */
function neighbours(node: Node | undefined): string[] {
  if (!node) return []
  const { children, referrers, fallbacks, subject, records } = node
  return [
    ...children,
    ...referrers,
    ...fallbacks,
    ...(subject === undefined ? [] : [subject]),
    ...records.map(({ from }) => from),
  ]
}

async function nodeOf(
  images: PublishedImages,
  repository: string,
  text: string,
  tagged: boolean,
): Promise<Omit<Node, "fallbacks">> {
  const digest = digestOf(text)
  const document = parseDocument(text, `${repository}@${digest}`)
  const referrers = await referrersOf(images, repository, digest)
  const image = tagged ? await imageOf(images, repository, text) : undefined
  const created = image && (await createdAt(images, image))
  return {
    digest,
    children: isIndex(document) ? (document.manifests ?? []).map((child) => child.digest) : [],
    referrers: referrers.map((referrer) => referrer.digest),
    ...(document.subject ? { subject: document.subject.digest } : {}),
    records: referrers.some(({ artifactType }) => artifactType === TAG_MOVE_TYPE)
      ? await recordsIn(images, repository, digest, referrers)
      : [],
    ...(created === undefined ? {} : { created }),
    image: image !== undefined && image.platforms.length > 0,
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of queue) await work(item)
    }),
  )
}
