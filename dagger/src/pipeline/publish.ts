import { readLayout } from "../core/layout.js"
import { digestOf, layoutError } from "../core/oci.js"
import { RunnerImagesError } from "../core/errors.js"
import { planPublication, type Publication } from "../core/publication.js"
import type { BuiltVariant } from "./build.js"
import { Registry, type RegistryAccess } from "./registry.js"

export interface PublishOptions extends RegistryAccess {
  /** `ghcr.io/owner/runner`: the name that the standard variant gets. Others get it with their name as suffix. */
  repository: string
  tags: readonly string[]
  /** Publish images with the stand-in runner, under tags that say so. */
  allowStandIn: boolean
  /** Also tag other variants than standard in {@link repository} itself, as `chrome-TAG`. */
  variantTags: boolean
}

/**
 * Publishes images of which every check passed. Everything is pushed by digest and read back before any tag is set,
 * so that a tag never names something half there: a failure leaves nothing but blobs that no name leads to.
 *
 * @returns one line per variant, `ghcr.io/owner/runner@sha256:…`
 * @throws RunnerImagesError STAND_IN_REFUSED, CHECKS_FAILED, REFERENCE_INVALID, USAGE, AUTHENTICATION or REGISTRY_FAILED
 */
export async function publish(built: readonly BuiltVariant[], options: PublishOptions): Promise<string[]> {
  const publications = planPublication(built, options)
  await Promise.all(built.map((image, place) => requireReported(image, publications[place])))
  const registry = await Registry.open(options.repository, options)
  for (const [place, { repository, index, manifests, alias }] of publications.entries()) {
    const directory = built[place]?.directory
    if (!directory) throw new Error(`no directory for ${repository}`)
    await registry.push(directory, repository, index)
    // From there, since a registry need not be sent what it has.
    if (alias) await registry.copy(repository, alias.repository, index)
    for (const name of [repository, ...(alias ? [alias.repository] : [])])
      await Promise.all([index, ...manifests].map((digest) => compare(registry, name, `@${digest}`, digest)))
  }
  for (const { index, alias, ...own } of publications) {
    for (const { repository, tags } of alias ? [own, alias] : [own]) {
      for (const tag of tags) {
        await registry.tag(repository, index, tag)
        await compare(registry, repository, `:${tag}`, index)
      }
    }
  }
  return publications.map(({ repository, index }) => `${repository}@${index}`)
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
