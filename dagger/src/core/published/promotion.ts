import { RunnerImagesError } from "../errors.js"
import { suffixOf } from "../oci/publication.js"
import { TagMoves, type TagMove } from "../oci/tag-moves.js"
import { readImage, readPlatform, requireImage, type PublishedImage } from "./image.js"
import type { ChangingImages, PublishedImages } from "./published-images.js"
import { setTags, type SetTagsOptions } from "./set-tags.js"
import { previousOf, recordsOf } from "./tag-history.js"
import { planTags, type PlannedMove } from "./tag-plan.js"
import { isVersionTag, listed } from "./tag-rules.js"

const MARKS = /(?:-sudo|-root|-act)+$/

/** The schema of the answers of `promote` and `rollback`. */
export const PROMOTION_SCHEMA_VERSION = 1

/** The tags that now point to an image. */
export interface Promotion {
  schemaVersion: typeof PROMOTION_SCHEMA_VERSION
  /** `repository@digest` */
  image: string
  /** Nothing was changed; this is what would be. */
  dryRun?: true
  /** In the order in which they were set. */
  moves: TagMove[]
  /** Tags that pointed to the image before. */
  unchanged: string[]
  /** A command for each tag that moved and may move back. */
  undo: string[]
}

export interface PromotionOptions extends Omit<SetTagsOptions, "by"> {
  /** The registry was to be used without TLS, and is to be again by the commands that undo. */
  plainHttp?: boolean
  /** Moves a version tag, and a tag other than latest although it loses a platform. */
  force: boolean
}

/**
 * Sets tags to an image that is in the repository already, by the rules of publishing.
 *
 * @param name `@sha256:…` or `:tag`
 * @throws RunnerImagesError IMAGE_MISSING, TAG_UNMARKED, TAG_TAKEN, TAG_LOSES_PLATFORM or the registry's
 */
export async function promote(
  images: ChangingImages,
  { repository, name, tags }: { repository: string; name: string; tags: readonly string[] },
  options: PromotionOptions,
): Promise<Promotion> {
  const image = await requireImage(images, repository, name)
  return move(images, image, tags, { ...options, by: "promote" })
}

/**
 * Sets a tag back to what it pointed to before its last move, or to a given image.
 *
 * @param to digest
 * @throws RunnerImagesError IMAGE_MISSING, TAG_HISTORY_UNKNOWN, TAG_UNMARKED, TAG_TAKEN, TAG_LOSES_PLATFORM or the registry's
 */
export async function rollback(
  images: ChangingImages,
  { repository, tag, to }: { repository: string; tag: string; to?: string },
  options: PromotionOptions,
): Promise<Promotion> {
  const now = await requireImage(images, repository, `:${tag}`)
  const previous = to ?? previousOf(await recordsOf(images, repository, now.digest), tag)
  if (previous === undefined)
    throw await unknownHistory(
      images,
      repository,
      tag,
      `No record says what ${repository}:${tag} pointed to before ${now.digest}.`,
    )
  const image =
    to === undefined
      ? await readImage(images, repository, `@${previous}`)
      : await requireImage(images, repository, `@${to}`)
  if (!image)
    throw await unknownHistory(
      images,
      repository,
      tag,
      `${repository}:${tag} pointed to ${previous} before, and the registry does not have that image any more.`,
    )
  return move(images, image, [tag], { ...options, by: "rollback" })
}

async function move(
  images: ChangingImages,
  image: PublishedImage,
  tags: readonly string[],
  { force, plainHttp = false, ...options }: PromotionOptions & Pick<SetTagsOptions, "by">,
): Promise<Promotion> {
  const { repository, digest: to } = image
  await requireMarks(images, image, tags)
  const planned = await planTags(
    images,
    tags.map((tag) => ({ repository, tag, to })),
    force,
  )
  const moves = options.moves ?? new TagMoves(options.by)
  moves.begin()
  const set = await setTags(images, planned, { ...options, moves })
  return {
    schemaVersion: PROMOTION_SCHEMA_VERSION,
    image: `${repository}@${to}`,
    ...(options.dryRun ? { dryRun: true } : {}),
    moves: set.map(({ repository, tag, from, to }) => ({ repository, tag, from, to })),
    unchanged: planned.filter(({ from }) => from === to).map(({ tag }) => tag),
    undo: set.flatMap(
      ({ tag }) =>
        undoCommand(
          planned.find((each) => each.tag === tag),
          plainHttp,
        ) ?? [],
    ),
  }
}

/** The command that moves a tag back, if there is one: a new tag was nowhere before. */
function undoCommand(move: PlannedMove | undefined, plainHttp: boolean): string | undefined {
  if (move?.from === undefined || move.back === "never") return undefined
  const { repository, tag, from, back } = move
  const flags = [...(back === "force" ? ["--force"] : []), ...(plainHttp ? ["--plain-http"] : [])]
  return ["runner-images rollback", repository, tag, "--to", from, ...flags].join(" ")
}

/** Tags name an unofficial runner, sudo and root, whoever sets them: nobody gets less under the usual tag. */
async function requireMarks(images: PublishedImages, image: PublishedImage, tags: readonly string[]): Promise<void> {
  const [first] = image.platforms
  if (!first)
    throw new RunnerImagesError(
      "IMAGE_MISSING",
      `${image.repository}@${image.digest} is not a container image.`,
      "Name an image; what belongs to one, such as a signature, has no tags.",
    )
  const { config } = await readPlatform(images, image.repository, first)
  const labels = config.config?.Labels ?? {}
  const suffix = suffixOf({
    sudo: labels["com.github.runner.sudo"] === "true",
    root: labels["com.github.runner.root"] === "true",
    runner: labels["com.github.runner.kind"] === "act" ? "act" : "official",
  })
  const unmarked = tags.filter((tag) => !tag.endsWith(suffix))
  if (unmarked.length === 0) return
  throw new RunnerImagesError(
    "TAG_UNMARKED",
    `Tags of ${image.repository}@${image.digest} end in ${suffix}, and ${listed(unmarked)} ${unmarked.length === 1 ? "does" : "do"} not.`,
    `Use ${listed(unmarked.map((tag) => `${tag.replace(MARKS, "")}${suffix}`))}: whoever uses a tag without that expects GitHub's runner, without root.`,
  )
}

async function unknownHistory(
  images: PublishedImages,
  repository: string,
  tag: string,
  problem: string,
): Promise<RunnerImagesError> {
  const versions = (await images.tags(repository)).filter(isVersionTag).toSorted()
  return new RunnerImagesError(
    "TAG_HISTORY_UNKNOWN",
    problem,
    `Choose an image, and then: runner-images rollback ${repository} ${tag} --to DIGEST`,
    { details: versions.length === 0 ? [] : [`Versions in the repository: ${versions.join(", ")}`] },
  )
}
