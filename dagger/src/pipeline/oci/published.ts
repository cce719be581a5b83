import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layoutImageName, layoutImages } from "../../core/evidence/layout-images.js"
import { readPublished, type PublishedImage } from "../../core/evidence/published-image.js"
import { RunnerImagesError } from "../../core/errors.js"
import type { TagMoves } from "../../core/oci/tag-moves.js"
import type { Progress } from "../../core/progress/progress.js"
import { cleanUp, planCleanup, type CleanupPlan } from "../../core/published/cleanup.js"
import { inspect, type Inspection } from "../../core/published/inspection.js"
import { promote, rollback, type Promotion, type PromotionOptions } from "../../core/published/promotion.js"
import { surveyOf } from "../../core/published/survey.js"
import { nameOf, type ImageReference } from "../../core/text/reference.js"
import { readDocument, unreadableReason } from "./layout-files.js"
import type { Registry } from "./registry.js"

/** The work on images that a registry has already, for both entry points. Each throws what its function in `core/published/` throws. */

/** How tags are to be set. */
export interface TagChange {
  force: boolean
  dryRun: boolean
  /** Kept up to date, for a caller that may be interrupted. */
  moves?: TagMoves
}

/** What a registry has about an image. */
export async function inspectImage(
  registry: Registry,
  reference: ImageReference,
  progress: Progress,
): Promise<Inspection> {
  const { repository } = reference
  const name = nameOf(reference)
  return progress.run("all platforms", "inspect", async () => {
    const images = await registry.readAhead(repository.name, [name])
    return inspect(images, { repository: repository.name, name }, new Date())
  })
}

/** Sets tags to an image, by the rules of publishing. */
export async function promoteImage(
  registry: Registry,
  { reference, tags }: { reference: ImageReference; tags: readonly string[] },
  change: TagChange,
  progress: Progress,
): Promise<Promotion> {
  const repository = reference.repository.name
  const name = nameOf(reference)
  const names = [name, ...tags.map((tag) => `:${tag}`)]
  const images = await readFirst(registry, repository, names, progress)
  return promote(images, { repository, name, tags }, promotionOptions(registry, change, progress))
}

/**
 * Sets a tag back to what it pointed to before its last move.
 *
 * @param wanted `to` is the digest of another image to go back to
 */
export async function rollBackTag(
  registry: Registry,
  wanted: { repository: string; tag: string; to?: string | undefined },
  change: TagChange,
  progress: Progress,
): Promise<Promotion> {
  const { repository, tag, to } = wanted
  const names = [`:${tag}`, ...(to === undefined ? [] : [`@${to}`])]
  const images = await readFirst(registry, repository, names, progress)
  const options = promotionOptions(registry, change, progress)
  return rollback(images, { repository, tag, ...(to === undefined ? {} : { to }) }, options)
}

/** Deletes old builds. */
export async function cleanUpRepository(
  registry: Registry,
  { repository, keep, dryRun }: { repository: string; keep: number; dryRun: boolean },
  progress: Progress,
): Promise<CleanupPlan> {
  const survey = await progress.run("all platforms", "read the repository", async () =>
    surveyOf(await registry.readAhead(repository), repository),
  )
  const planned = planCleanup(survey, keep)
  // By the registry itself, which then says whether something has changed.
  if (!dryRun) await progress.run("all platforms", "delete", () => cleanUp(registry, survey, planned))
  return planned
}

/** An image with all that is attached to it, for who verifies it. Layers are not read. */
export async function readEvidence(
  registry: Registry,
  reference: ImageReference,
  progress: Progress,
): Promise<PublishedImage> {
  const repository = reference.repository.name
  const name = nameOf(reference)
  const folder = mkdtempSync(join(tmpdir(), "runner-images-verify-"))
  try {
    await progress.run("all platforms", `read ${repository}${name}`, async () =>
      (await registry.evidence(repository, name)).export(folder),
    )
    return await evidenceIn(folder, undefined)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The same of a copy: an OCI image layout with all that refers to the image.
 *
 * @param tag which image it is, if the layout has several
 * @throws RunnerImagesError USAGE when there is no such image
 */
export async function evidenceIn(folder: string, tag: string | undefined): Promise<PublishedImage> {
  const read = layoutFiles(folder)
  const name = await layoutImageName(read, tag, (why) => layoutProblem(folder, why))
  const image = await readPublished(layoutImages(read), name)
  if (!image) throw layoutProblem(folder, `${name.slice(1)}, which its index.json names, is missing`)
  return image
}

function readFirst(registry: Registry, repository: string, names: readonly string[], progress: Progress) {
  return progress.run("all platforms", "read the registry", () => registry.readAhead(repository, names))
}

function promotionOptions(
  { plain: insecure, plainHttp }: Registry,
  change: TagChange,
  progress: Progress,
): PromotionOptions {
  return { ...change, insecure, plainHttp, progress, now: () => new Date() }
}

function layoutFiles(folder: string): (path: string) => Promise<string | undefined> {
  return async (path) => {
    try {
      return await readDocument(folder, path)
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
      throw layoutProblem(folder, `${path} cannot be read: ${unreadableReason(error)}`)
    }
  }
}

function layoutProblem(folder: string, why: string): RunnerImagesError {
  return new RunnerImagesError(
    "USAGE",
    `${folder} is not a layout with an image to verify: ${why}.`,
    "Copy the image with what refers to it, as in regctl image copy --referrers REFERENCE ocidir://FOLDER; with --tag, name one of several.",
  )
}
