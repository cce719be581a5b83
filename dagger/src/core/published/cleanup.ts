import { RunnerImagesError } from "../errors.js"
import { digestOf } from "../oci/documents.js"
import { groupedBy } from "./grouped.js"
import type { ChangingImages, PublishedImages } from "./published-images.js"
import type { Node, Survey } from "./survey.js"
import { previousOf } from "./tag-history.js"
import { isVersionTag } from "./tag-rules.js"

/** The schema of the answer of `cleanup`. */
export const CLEANUP_SCHEMA_VERSION = 1

/** An image, and why it stays or goes. */
export interface Verdict {
  digest: string
  tags: string[]
  /** ISO 8601, if known. */
  created?: string
  reason: string
}

/** What a cleanup deletes from a repository, and what it leaves. */
export interface CleanupPlan {
  schemaVersion: typeof CLEANUP_SCHEMA_VERSION
  repository: string
  /** Number of builds that stay. */
  keep: number
  /** Images that stay. */
  kept: Verdict[]
  /** Images that go. */
  deleted: Verdict[]
  /** Tags of signatures and the like, of which the image was not found: they stay. */
  strays: string[]
  /** Digests of all that goes, in the order of deletion: an image before its parts, and these before what is about them. */
  deletions: string[]
}

/** A tag's commit, shortened or not, as `{commit}` makes it. */
const COMMIT = /(^|[-_])(?=[a-f]*[0-9])[0-9a-f]{7,64}(?=[-_]|$)/
const NUMBERS = /[0-9]+(?:\.[0-9]+)*/g

/**
 * Whether a tag names one build, and so may become old: it has a whole version, a date or a commit. All others, such as `latest` and `1.2`,
 * name whatever is current.
 */
export function isBuildTag(tag: string): boolean {
  return isVersionTag(tag) || COMMIT.test(tag)
}

/**
 * What a build tag is one of a series of: the tag without its numbers and its commit.
 *
 * @example seriesOf("chrome-0.1.0-2026.11.30-act") ⇒ "chrome-#-#-act"
 */
export function seriesOf(tag: string): string {
  return tag.replace(COMMIT, "$1#").replaceAll(NUMBERS, "#")
}

/**
 * Reads how many builds of a series are to stay.
 *
 * @throws RunnerImagesError USAGE
 */
export function parseKeep(given: string | undefined): number {
  const keep = Number(given)
  if (given !== undefined && /^[0-9]+$/.test(given.trim()) && keep >= 1 && Number.isSafeInteger(keep)) return keep
  throw new RunnerImagesError(
    "USAGE",
    given === undefined ? "--keep is missing." : `--keep is "${given}", which is not a number from 1 on.`,
    "Say how many builds of each series of tags are to stay, as in --keep 10.",
  )
}

/**
 * Decides what is deleted. These images stay:
 *
 * - those that a tag names which is not a build's
 * - the newest builds, `keep` of each series of tags
 * - those that one of its tags names whose age is not known, or that are no images
 * - those to which a rollback would lead: where a tag of a kept image was before its last move
 *
 * With an image everything stays that it consists of, and all that is about it. Of an image without a tag, nothing is known unless a record
 * says that a tag once named it.
 *
 * @param keep at least 1
 */
export function planCleanup(survey: Survey, keep: number): CleanupPlan {
  const { repository, nodes, tags, strays } = survey
  const names = groupedBy(tags.keys(), (tag) => tags.get(tag) ?? "")
  const reasons = reasonsToKeep(survey, names, keep)
  const kept = closure(nodes, [...reasons.keys(), ...strays.values()])
  const doomed = [...nodes.keys()].filter((digest) => !kept.has(digest))
  const verdict = (digest: string, reason: string): Verdict => {
    const { created } = nodes.get(digest) ?? {}
    return {
      digest,
      tags: (names.get(digest) ?? []).toSorted(byNumber),
      ...(created === undefined ? {} : { created }),
      reason,
    }
  }
  const formerly = new Set([...nodes.values()].flatMap(({ records }) => records.map(({ from }) => from)))
  return {
    schemaVersion: CLEANUP_SCHEMA_VERSION,
    repository,
    keep,
    kept: [...reasons].map(([digest, reason]) => verdict(digest, reason)),
    deleted: doomed.flatMap((digest) => {
      if (names.has(digest)) return [verdict(digest, `older than ${newestOf(keep)}`)]
      return formerly.has(digest) ? [verdict(digest, "no tag names it any more")] : []
    }),
    strays: [...strays.keys()].toSorted(),
    deletions: inOrder(nodes, doomed),
  }
}

/**
 * Deletes what was planned.
 *
 * @param deleted called after each digest
 * @throws RunnerImagesError REPOSITORY_CHANGED before anything is deleted, if a tag has been set or deleted since the survey; or the registry's
 */
export async function cleanUp(
  images: ChangingImages,
  survey: Survey,
  { deletions }: CleanupPlan,
  deleted: (digest: string) => void = () => undefined,
): Promise<void> {
  if (deletions.length === 0) return
  await requireUnchanged(images, survey)
  for (const digest of deletions) {
    await images.delete(survey.repository, digest)
    deleted(digest)
  }
}

/** A publication that set a tag meanwhile may need what is to be deleted. */
async function requireUnchanged(images: PublishedImages, { repository, tags, strays, nodes }: Survey): Promise<void> {
  const known = new Map([...tags, ...strays])
  const now = (await images.tags(repository)).filter((tag) => known.has(tag) || !isOfKnownImage(tag, nodes))
  const found = await Promise.all(
    now.map(async (tag) => {
      const text = await images.find(repository, `:${tag}`)
      return text !== undefined && digestOf(text) === known.get(tag)
    }),
  )
  if (now.length === known.size && found.every(Boolean)) return
  throw new RunnerImagesError(
    "REPOSITORY_CHANGED",
    `Tags of ${repository} have changed while it was being read; nothing was deleted.`,
    "Wait until whatever publishes there is done, and clean up again.",
  )
}

/** The fallback tag of an image that was read. */
function isOfKnownImage(tag: string, nodes: Survey["nodes"]): boolean {
  return tag.startsWith("sha256-") && nodes.has(tag.replace("-", ":").slice(0, "sha256:".length + 64))
}

/** Images to keep, by digest, with the first reason that applies. */
function reasonsToKeep(
  { nodes, tags }: Survey,
  names: ReadonlyMap<string, readonly string[]>,
  keep: number,
): Map<string, string> {
  const reasons = new Map<string, string>()
  const add = (digest: string, reason: string) => {
    if (!reasons.has(digest)) reasons.set(digest, reason)
  }
  for (const [tag, digest] of tags) if (!isBuildTag(tag)) add(digest, `${tag} names it`)
  for (const digest of names.keys()) {
    const node = nodes.get(digest)
    if (node?.image !== true) add(digest, "it is no container image")
    else if (node.created === undefined) add(digest, "it does not say how old it is")
  }
  for (const digest of newest({ nodes, tags }, keep)) add(digest, keep === 1 ? newestOf(1) : `one of ${newestOf(keep)}`)
  for (const [digest] of [...reasons])
    for (const tag of names.get(digest) ?? []) {
      const previous = previousOf(nodes.get(digest)?.records ?? [], tag)
      if (previous !== undefined && nodes.has(previous)) add(previous, `a rollback of ${tag} leads to it`)
    }
  return reasons
}

/** The newest images of each series. An image with several tags of a series counts once. */
function newest({ nodes, tags }: Pick<Survey, "nodes" | "tags">, keep: number): string[] {
  const series = groupedBy(
    [...tags.keys()].filter((tag) => isBuildTag(tag)),
    seriesOf,
  )
  return [...series.values()].flatMap((members) => {
    const age = (tag: string) => Date.parse(nodes.get(tags.get(tag) ?? "")?.created ?? "") || 0
    const ordered = members.toSorted((a, b) => age(b) - age(a) || byNumber(b, a))
    return [...new Set(ordered.map((tag) => tags.get(tag) ?? ""))].slice(0, keep)
  })
}

/** All that some nodes need: what they consist of, what is about them, and what they are about. */
function closure(nodes: ReadonlyMap<string, Node>, roots: readonly string[]): Set<string> {
  const found = new Set<string>()
  let open = [...roots]
  while (open.length > 0) {
    const fresh = [...new Set(open)].filter((digest) => !found.has(digest))
    for (const digest of fresh) found.add(digest)
    open = fresh.flatMap((digest) => {
      const node = nodes.get(digest)
      return node ? [...below(node), ...(node.subject === undefined ? [] : [node.subject])] : []
    })
  }
  return found
}

/** Each after all that need it, so that whoever stops halfway leaves no tag that names an incomplete image. */
function inOrder(nodes: ReadonlyMap<string, Node>, digests: readonly string[]): string[] {
  const left = new Set(digests.toSorted())
  const ordered: string[] = []
  while (left.size > 0) {
    const needed = new Set([...left].flatMap((digest) => below(nodes.get(digest))))
    const free = [...left].filter((digest) => !needed.has(digest))
    // Nothing is free only if two indexes are about each other.
    const next = free.length > 0 ? free : [...left]
    ordered.push(...next)
    for (const digest of next) left.delete(digest)
  }
  return ordered
}

function below(node: Node | undefined): string[] {
  return node ? [...node.children, ...node.referrers, ...node.fallbacks] : []
}

function newestOf(keep: number): string {
  return keep === 1 ? "the newest of its series" : `the newest ${String(keep)} of its series`
}

/** `1.10` after `1.9`. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true })
}
