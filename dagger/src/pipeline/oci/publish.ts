import { readLayout } from "../../core/oci/layout.js"
import { digestOf, layoutError } from "../../core/oci/documents.js"
import { RunnerImagesError } from "../../core/errors.js"
import { planPublication, type Publication } from "../../core/oci/publication.js"
import { moveText, TagMoves } from "../../core/oci/tag-moves.js"
import type { RunnerMode } from "../../core/request/runner.js"
import type { BuiltVariant } from "../image/built-variant.js"
import { Progress } from "../../core/progress/progress.js"
import type { VariantName } from "../../core/variants/names.js"
import type { DeliveryContext, Destination } from "./destination.js"
import { Registry, type RegistryAccess } from "./registry.js"

export interface PublishOptions extends RegistryAccess {
  /** `ghcr.io/owner/runner`: the standard variant's repository. Other variants append their name. */
  repository: string
  tags: readonly string[]
  /** The runner that was asked for, without which an unofficial one is not published. */
  runner: RunnerMode
  /** Also tag other variants than standard in {@link repository} itself, as `chrome-TAG`. */
  variantTags: boolean
  /** Kept up to date, for a caller that may be interrupted. */
  moves?: TagMoves
}

/** The options of {@link publish} that come neither from the engine nor from the request. */
export type PublishTarget = Omit<PublishOptions, "tools" | "uploads" | "runner">

/** A registry: receives the images of all variants, and tags only after all images. See {@link publish}. */
export class RegistryDestination implements Destination {
  readonly place = "reference"

  constructor(private readonly options: PublishTarget & Pick<PublishOptions, "runner">) {}

  async deliver(
    images: readonly BuiltVariant[],
    { engineHost, progress }: DeliveryContext,
  ): Promise<Map<VariantName, string>> {
    const options = { ...this.options, tools: engineHost.toolbox, uploads: engineHost.uploads }
    const references = await progress.run("all platforms", "publish", () => publish(images, options, progress))
    return new Map(images.map(({ variant }, place) => [variant, references[place] ?? ""]))
  }
}

/**
 * Publishes images that passed every check. Everything is pushed by digest and read back before any tag is set, so that a
 * tag never points to an incomplete image. Then tags are set one by one, new ones first.
 *
 * A failure names the tags that were set so far, their previous digests, and how to undo it; `progress` notes the planned
 * moves beforehand, in case this program or its engine is killed.
 *
 * @returns one line per variant, `ghcr.io/owner/runner@sha256:…`
 * @throws RunnerImagesError ACT_RUNNER_REFUSED, CHECKS_FAILED, REFERENCE_INVALID, USAGE, AUTHENTICATION or REGISTRY_FAILED
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

/** Pushes an image to all of its repositories, without a tag. */
async function push(
  registry: Registry,
  image: BuiltVariant | undefined,
  { repository, index, manifests, alias }: Publication,
): Promise<void> {
  if (!image) throw new Error(`no directory for ${repository}`)
  await registry.push(image.directory, repository, index)
  // Copied within the registry, so that nothing is uploaded twice.
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

async function compare(registry: Registry, repository: string, name: string, expected: string): Promise<void> {
  const actual = digestOf(await registry.manifest(repository, name))
  if (actual !== expected)
    throw new RunnerImagesError(
      "REGISTRY_FAILED",
      `${repository}${name} should be ${expected}, but the registry returns ${actual}.`,
      "Check whether someone else publishes the same tag, or a proxy rewrites images, and publish again.",
    )
}
