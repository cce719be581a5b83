import type { TagMove } from "../oci/tag-moves.js"
import { readImage } from "./image.js"
import type { PublishedImages } from "./published-images.js"
import {
  assertMovable,
  assertPlatformsKept,
  isLatest,
  isVersionTag,
  type TagTarget,
  type WantedTag,
} from "./tag-rules.js"

/** A tag, and the digest of the image in the same repository that it is to point to. */
export interface NewTag extends Omit<TagMove, "from"> {
  /** The image's platforms, if they are known: its repository may not have it yet. */
  platforms?: readonly string[]
}

/** A checked move, and whether the rules allow the way back: without more ado, with --force, or not at all. */
export interface PlannedMove extends TagMove {
  back: "free" | "force" | "never"
}

/**
 * Reads what tags point to now, and checks that each may be set, before any of them is. See {@link assertMovable}.
 *
 * @returns the moves, in the order given; those that change nothing included
 * @throws RunnerImagesError TAG_TAKEN, TAG_LOSES_PLATFORM or the registry's
 */
export async function planTags(
  images: PublishedImages,
  tags: readonly NewTag[],
  force: boolean,
): Promise<PlannedMove[]> {
  const wanted = await Promise.all(
    tags.map(async ({ repository, tag, to, platforms }): Promise<WantedTag> => {
      const from = await target(images, repository, `:${tag}`)
      if (platforms) return { repository, tag, from, to: { digest: to, platforms } }
      const next = from?.digest === to ? from : await target(images, repository, `@${to}`)
      return { repository, tag, from, to: next ?? { digest: to, platforms: [] } }
    }),
  )
  assertMovable(wanted, force)
  return wanted.map(({ repository, tag, from, to }) => ({
    repository,
    tag,
    from: from?.digest,
    to: to.digest,
    back: wayBack(tag, from, to),
  }))
}

function wayBack(tag: string, from: TagTarget | undefined, to: TagTarget): PlannedMove["back"] {
  const loses = to.platforms.some((platform) => from?.platforms.includes(platform) === false)
  if (loses && isLatest(tag)) return "never"
  return loses || isVersionTag(tag) ? "force" : "free"
}

/**
 * Checks the tags that are known before the build against what the registry has, so that no build is in vain.
 *
 * @param tags with what they point to now
 * @param platforms those that the image will have
 * @returns lines about version tags that exist: they can only be published again if the build makes the same image
 * @throws RunnerImagesError TAG_LOSES_PLATFORM
 */
export function checkBeforeBuild(
  tags: readonly Omit<WantedTag, "to">[],
  platforms: readonly string[],
  force: boolean,
): string[] {
  assertPlatformsKept(
    tags.map((tag) => ({ ...tag, to: { platforms } })),
    force,
  )
  return tags.flatMap(({ repository, tag, from }) => {
    if (!from || !isVersionTag(tag)) return []
    const outcome = force ? "--force moves it" : "publishing it again is refused unless the build makes the same image"
    return [`${repository}:${tag} exists and points to ${from.digest}: ${outcome}`]
  })
}

async function target(images: PublishedImages, repository: string, name: string): Promise<TagTarget | undefined> {
  const image = await readImage(images, repository, name)
  return image && { digest: image.digest, platforms: image.platforms.map(({ platform }) => platform) }
}
