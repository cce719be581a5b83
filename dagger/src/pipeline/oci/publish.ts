import { readLayout } from "../../core/oci/layout.js"
import { layoutError } from "../../core/oci/documents.js"
import { RunnerImagesError } from "../../core/errors.js"
import {
  namesBeforeBuild,
  planPublication,
  repositoryFor,
  type NamingFacts,
  type Publication,
} from "../../core/oci/publication.js"
import { TagMoves } from "../../core/oci/tag-moves.js"
import { knownPlatform } from "../../core/platforms.js"
import { setTags } from "../../core/published/set-tags.js"
import { checkBeforeBuild, planTags, type NewTag } from "../../core/published/tag-plan.js"
import { megabytes } from "../../core/text/markdown.js"
import type { BuildRequest } from "../../core/request/request.js"
import type { StatementSigner } from "../../core/evidence/evidence.js"
import { reportJson, withoutTimes } from "../../core/report/report.js"
import type { RunnerMode } from "../../core/request/runner.js"
import type { BuiltVariant } from "../image/built-variant.js"
import { Progress } from "../../core/progress/progress.js"
import { VARIANTS, type VariantName } from "../../core/variants/names.js"
import type { DeliveryContext, Destination } from "./destination.js"
import { Registry, type PushedImage, type RegistryAccess } from "./registry.js"

export interface PublishOptions extends RegistryAccess {
  /** `ghcr.io/owner/runner`: the standard variant's repository. Other variants append their name. */
  repository: string
  tags: readonly string[]
  /** The runner that was asked for, without which an unofficial one is not published. */
  runner: RunnerMode
  /** Also tag other variants than standard in {@link repository} itself, as `chrome-TAG`. */
  variantTags: boolean
  /** Move version tags that exist, and tags other than latest although they lose a platform. */
  force?: boolean
  /** Check everything and change nothing: what would be pushed and tagged is noted. */
  dryRun?: boolean
  /** Kept up to date, for a caller that may be interrupted. */
  moves?: TagMoves
  /** Signs the images and what is attached to them. Without it, nothing is signed. */
  sign?: StatementSigner
}

/** The options of {@link publish} that come neither from the engine nor from the request. */
export type PublishTarget = Omit<PublishOptions, "engineHost" | "runner">

/** A registry: receives the images of all variants, and tags only after all images. See {@link publish}. */
export class RegistryDestination implements Destination {
  readonly place = "reference"

  constructor(private readonly options: PublishTarget & Pick<PublishOptions, "runner">) {}

  async deliver(
    images: readonly BuiltVariant[],
    { engineHost, progress }: DeliveryContext,
  ): Promise<Map<VariantName, string>> {
    const options = { ...this.options, engineHost }
    const references = await progress.run("all platforms", "publish", () => publish(images, options, progress))
    return new Map(images.map(({ variant }, place) => [variant, references[place] ?? ""]))
  }
}

/**
 * Finds out before a build whether its images could be published: whether the registry answers, as securely as was asked for, and lets this
 * account push to all repositories.
 *
 * @throws RunnerImagesError REFERENCE_INVALID, USAGE, TAG_LOSES_PLATFORM, AUTHENTICATION or REGISTRY_FAILED
 */
export async function checkTarget(
  images: readonly NamingFacts[],
  request: Pick<BuildRequest, "source" | "platforms">,
  options: PublishOptions,
  progress: Progress,
): Promise<void> {
  const { platforms } = request
  const names = images.map((image) => namesBeforeBuild(image, request, options))
  const repositories = names.flatMap(({ alias, ...own }) => (alias ? [own, alias] : [own]))
  const registry = await Registry.open(options.repository, options, progress)
  const tagged = await registry.check(repositories)
  const tags = repositories.flatMap(({ repository, tags: wanted }) =>
    wanted.map((tag) => {
      const found = tagged.get(`${repository}:${tag}`)
      return { repository, tag, from: found && { ...found, platforms: found.platforms.map(knownPlatform) } }
    }),
  )
  for (const { repository, tag, from } of tags)
    if (from)
      progress.note(
        "all platforms",
        `${repository}:${tag} is now ${from.digest}${from.platforms.length === 0 ? "" : `, ${from.platforms.join(", ")}`}`,
      )
  for (const line of checkBeforeBuild(tags, platforms, options.force ?? false)) progress.warn("all platforms", line)
}

/**
 * Publishes images that passed every check. Everything is pushed by digest and read back before any tag is set, so that a
 * tag never points to an incomplete image. Then tags are set one by one, new ones first.
 *
 * A failure names the tags that were set so far, their previous digests, and how to undo it; `progress` notes the planned
 * moves beforehand, in case this program or its engine is killed.
 *
 * @returns one line per variant, `ghcr.io/owner/runner@sha256:…`
 * @throws RunnerImagesError ACT_RUNNER_REFUSED, CHECKS_FAILED, REFERENCE_INVALID, TAG_TAKEN, TAG_LOSES_PLATFORM, USAGE, AUTHENTICATION or REGISTRY_FAILED
 */
export async function publish(
  built: readonly BuiltVariant[],
  options: PublishOptions,
  progress: Progress = new Progress(),
): Promise<string[]> {
  const publications = planPublication(built, options)
  await Promise.all(built.map((image, place) => requireReported(image, publications[place])))
  const { sign } = options
  if (!sign)
    progress.warn("all platforms", "nothing is signed: whoever pulls the images cannot verify who published them")
  const registry = await Registry.open(options.repository, options)
  const { moves = new TagMoves(), force = false, dryRun = false } = options
  const names = tagsOf(built, publications)
  // What may not be tagged is not signed and pushed either.
  const expected = await planTags(registry, names, force)
  const how = { by: "publish", now: () => new Date(), moves, insecure: registry.plain, progress, dryRun } as const
  if (dryRun) {
    for (const publication of publications) noteUpload(publication, progress)
    await setTags(registry, expected, how)
  } else {
    const images = await progress.run("all platforms", sign ? "sign" : "evidence", () =>
      attested(built, publications, { registry, progress, sign }),
    )
    try {
      moves.begin()
      await push(registry, images, options, progress)
      // Read again: pushing takes long.
      await setTags(registry, await planTags(registry, names, force), how)
    } catch (error) {
      throw accountedFor(error, moves)
    }
  }
  return publications.map(({ repository, index }) => `${repository}@${index}`)
}

/** Every tag of every image. */
function tagsOf(built: readonly BuiltVariant[], publications: readonly Publication[]): NewTag[] {
  return publications.flatMap(({ index, alias, ...own }, place) => {
    const platforms = built[place]?.report.platforms.map(({ platform }) => platform) ?? []
    return (alias ? [own, alias] : [own]).flatMap(({ repository, tags }) =>
      tags.map((tag) => ({ repository, tag, to: index, platforms })),
    )
  })
}

function noteUpload({ repository, alias, index, compressedBytes }: Publication, progress: Progress): void {
  for (const name of [repository, ...(alias ? [alias.repository] : [])])
    progress.note(
      "all platforms",
      `would be pushed: ${name}@${index}, layers of ${megabytes(compressedBytes)} unless the registry has them`,
    )
}

/**
 * What is pushed to each repository: an image with its evidence, which is the same in all of the image's repositories. Made before anything is
 * pushed, so that a signature that cannot be had leaves no trace.
 */
async function attested(
  built: readonly BuiltVariant[],
  publications: readonly Publication[],
  { registry, progress, sign }: { registry: Registry; progress: Progress; sign: StatementSigner | undefined },
): Promise<PushedImage[]> {
  // Loaded here: the module loads this file in every call.
  const { evidenceOf } = await import("../../core/evidence/evidence.js")
  const { signingOnce } = await import("../../core/evidence/earlier.js")
  const { attachedBundles } = await import("./attached-bundles.js")
  const images: PushedImage[] = []
  for (const [place, { repository, alias, index }] of publications.entries()) {
    const image = built[place]
    if (!image) throw new Error(`no directory for ${repository}`)
    const { directory: layout } = image
    // The same evidence of the same image, with the same signatures, so that publishing it again uploads nothing.
    const report = withoutTimes(image.report)
    const repositories = [repository, ...(alias ? [alias.repository] : [])]
    const earlier = sign?.recognise
      ? await Promise.all(repositories.map((name) => attachedBundles(registry, name, index, progress)))
      : []
    const signer = sign && signingOnce(sign, earlier.flat())
    const referrers = await evidenceOf([{ report, reportText: reportJson(report), repositories }], signer)
    images.push(...repositories.map((name) => ({ repository: name, layout, index, referrers })))
  }
  return images
}

/** Pushes all images to all of their repositories in one step, without a tag. */
async function push(
  registry: Registry,
  images: readonly PushedImage[],
  { repository: standard }: PublishOptions,
  progress: Progress,
): Promise<void> {
  // They share layers: with those of this run, and with what an earlier run has pushed.
  const siblings = VARIANTS.map((variant) => repositoryFor(standard, variant))
  const pushed = await progress.run("all platforms", "push", () => registry.push(images, siblings))
  for (const each of pushed) progress.note("all platforms", registry.text(each))
}

/** The same error, with details of what was already published. */
function accountedFor(error: unknown, moves: TagMoves): unknown {
  const details = moves.account()
  if (details.length === 0) return error
  if (error instanceof RunnerImagesError)
    return new RunnerImagesError(error.code, error.problem, error.remedy, { cause: error, details })
  return new RunnerImagesError(
    "BUILD_FAILED",
    `The engine failed while publishing images: ${String(error).split("\n")[0] ?? ""}`,
    "Check that the engine is running, and publish again.",
    { cause: error, details },
  )
}

/** The layout must be the one that the report names, because that one was checked. */
async function requireReported({ directory }: BuiltVariant, publication: Publication | undefined): Promise<void> {
  const layout = await readLayout((path) => directory.file(path).contents())
  const found = [layout.index?.digest, ...layout.images.map(({ digest }) => digest)]
  const reported = publication && [publication.index, ...publication.manifests]
  if (found.toSorted().join() !== reported?.toSorted().join())
    throw layoutError(
      `the report names ${reported?.join(", ") ?? "nothing"}, but the layout contains ${found.join(", ")}`,
    )
}
