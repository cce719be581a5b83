import { readLayout } from "../../core/oci/layout.js"
import { digestOf, layoutError } from "../../core/oci/documents.js"
import { RunnerImagesError } from "../../core/errors.js"
import { planPublication, type Publication } from "../../core/oci/publication.js"
import { moveText, TagMoves } from "../../core/oci/tag-moves.js"
import type { BuiltVariant } from "../image/built-variant.js"
import { Progress } from "../../core/progress/progress.js"
import type { VariantName } from "../../core/variants/names.js"
import type { DeliveryContext, Destination } from "./destination.js"
import { Registry, type RegistryAccess } from "./registry.js"

export interface PublishOptions extends RegistryAccess {
  /** `ghcr.io/owner/runner`: the name that the standard variant gets. Others get it with their name as suffix. */
  repository: string
  tags: readonly string[]
  /** Publish images with the stand-in runner, under tags that say so. */
  allowStandIn: boolean
  /** Also tag other variants than standard in {@link repository} itself, as `chrome-TAG`. */
  variantTags: boolean
  /** Kept up to date, for a caller who may be stopped in the middle. */
  moves?: TagMoves
}

/** A registry, which gets the images of all variants, and tags after all of them. See {@link publish}. */
export class RegistryDestination implements Destination {
  readonly place = "reference"

  constructor(private readonly options: Omit<PublishOptions, "tools">) {}

  async deliver(
    images: readonly BuiltVariant[],
    { engineHost, progress }: DeliveryContext,
  ): Promise<Map<VariantName, string>> {
    const options = { ...this.options, tools: engineHost.toolbox }
    const references = await progress.run("all platforms", "publish", () => publish(images, options, progress))
    return new Map(images.map(({ variant }, place) => [variant, references[place] ?? ""]))
  }
}

/**
 * Publishes images of which every check passed. Everything is pushed by digest and read back before any tag is set,
 * so that a tag never names something half there. Then tags are set, one after the other, new ones first.
 *
 * A failure names the tags that were set until then, from which digest, and how to go back; `progress` is told of that
 * before, for the case that this program or its engine is killed.
 *
 * @returns one line per variant, `ghcr.io/owner/runner@sha256:…`
 * @throws RunnerImagesError STAND_IN_REFUSED, CHECKS_FAILED, REFERENCE_INVALID, USAGE, AUTHENTICATION or REGISTRY_FAILED
 */
export async function publish(
  built: readonly BuiltVariant[],
  options: PublishOptions,
  progress: Progress = new Progress(),
): Promise<string[]> {
  const publications = planPublication(built, options)
  await Promise.all(built.map((image, place) => requireReported(image, publications[place])))
  const registry = await Registry.open(options.repository, options)
  const moves = options.moves ?? new TagMoves()
  try {
    moves.begin()
    for (const [place, publication] of publications.entries()) await push(registry, built[place], publication)
    await setTags(registry, publications, moves, progress)
  } catch (error) {
    throw accountedFor(error, moves)
  }
  return publications.map(({ repository, index }) => `${repository}@${index}`)
}

/** Brings an image into all of its repositories, under no name. */
async function push(
  registry: Registry,
  image: BuiltVariant | undefined,
  { repository, index, manifests, alias }: Publication,
): Promise<void> {
  if (!image) throw new Error(`no directory for ${repository}`)
  await registry.push(image.directory, repository, index)
  // From there, since a registry need not be sent what it has.
  if (alias) await registry.copy(repository, alias.repository, index)
  for (const name of [repository, ...(alias ? [alias.repository] : [])])
    await Promise.all([index, ...manifests].map((digest) => compare(registry, name, `@${digest}`, digest)))
}

async function setTags(
  registry: Registry,
  publications: readonly Publication[],
  moves: TagMoves,
  progress: Progress,
): Promise<void> {
  const names = publications.flatMap(({ index, alias, ...own }) =>
    (alias ? [own, alias] : [own]).flatMap(({ repository, tags }) =>
      tags.map((tag) => ({ repository, tag, to: index })),
    ),
  )
  const wanted = await Promise.all(
    names.map(async (name) => ({ ...name, from: await registry.digest(name.repository, name.tag) })),
  )
  const planned = moves.plan(wanted, registry.plain)
  for (const move of planned) progress.note("all platforms", `to be tagged: ${moveText(move)}`)
  for (const move of planned) {
    const { repository, tag, to } = move
    moves.start(move)
    try {
      await progress.run("all platforms", `tag ${repository}:${tag}`, async () => {
        await registry.tag(repository, to, tag)
        await compare(registry, repository, `:${tag}`, to)
      })
      moves.settle(move, { digest: to })
    } catch (error) {
      moves.settle(move, await registry.settle(repository, tag))
      throw error
    }
  }
}

/** The same failure, with what it leaves behind. */
function accountedFor(error: unknown, moves: TagMoves): unknown {
  const details = moves.account()
  if (details.length === 0) return error
  if (error instanceof RunnerImagesError)
    return new RunnerImagesError(error.code, error.problem, error.remedy, { cause: error, details })
  return new RunnerImagesError(
    "BUILD_FAILED",
    `The engine failed while images were published: ${String(error).split("\n")[0] ?? ""}`,
    "See that the engine runs, and publish again.",
    { cause: error, details },
  )
}

/** The layout has to be the one that the report speaks of, as the checks were made on that. */
async function requireReported({ directory }: BuiltVariant, publication: Publication | undefined): Promise<void> {
  const layout = await readLayout((path) => directory.file(path).contents())
  const found = [layout.index?.digest, ...layout.images.map(({ digest }) => digest)]
  const reported = publication && [publication.index, ...publication.manifests]
  if (found.toSorted().join() !== reported?.toSorted().join())
    throw layoutError(`the report speaks of ${reported?.join(", ") ?? "nothing"}, and it holds ${found.join(", ")}`)
}

async function compare(registry: Registry, repository: string, name: string, expected: string): Promise<void> {
  const actual = digestOf(await registry.manifest(repository, name))
  if (actual !== expected)
    throw new RunnerImagesError(
      "REGISTRY_FAILED",
      `${repository}${name} should be ${expected}, and the registry gives back ${actual}.`,
      "Check whether someone else publishes the same tag or something rewrites images on the way, and publish again.",
    )
}
