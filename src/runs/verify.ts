import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { cosignLines, type GivenTrust } from "../../dagger/src/core/evidence/cosign-lines.js"
import { layoutImageName, layoutImages } from "../../dagger/src/core/evidence/layout-images.js"
import { readPublished, type PublishedImage } from "../../dagger/src/core/evidence/published-image.js"
import type { Trust } from "../../dagger/src/core/evidence/trust.js"
import { assertVerified, verifyImage } from "../../dagger/src/core/evidence/verification.js"
import { nameOf, type ImageReference } from "../../dagger/src/core/text/reference.js"
import { readDocument, unreadableReason } from "../artifacts/layout-files.js"
import type { CommandContext } from "../input/context.js"
import type { GivenRegistry } from "../input/registry-options.js"
import { verificationText } from "../output/verification.js"
import { withRegistry } from "./with-registry.js"

interface VerifyRun {
  platforms: readonly string[]
  trust: Trust
  /** The same as the user gave it. */
  given: GivenTrust
  json: boolean
}

export interface CopyRun extends VerifyRun {
  /** Of the layout. */
  folder: string
  tag: string | undefined
  repository: string
}

export interface PublishedRun extends VerifyRun {
  reference: ImageReference
  registry: GivenRegistry
}

/**
 * Verifies a copied image, prints what was examined, and fails if anything is wrong. Needs no engine.
 *
 * @throws RunnerImagesError USAGE or VERIFICATION_FAILED
 */
export async function verifyCopy(context: CommandContext, run: CopyRun): Promise<void> {
  const { folder } = run
  const read = layoutFiles(folder)
  const name = await layoutImageName(read, run.tag, (why) => layoutProblem(folder, why))
  const image = await readPublished(layoutImages(read), name)
  if (!image) throw layoutProblem(folder, `${name.slice(1)}, which its index.json names, is missing`)
  answerFor(context, image, run)
}

/**
 * Verifies an image in a registry, prints what was examined, and fails if anything is wrong. Layers are not read.
 *
 * @throws RunnerImagesError VERIFICATION_FAILED, and the errors of a registry
 */
export async function verifyPublished(context: CommandContext, run: PublishedRun): Promise<void> {
  const { repository } = run.reference
  const name = nameOf(run.reference)
  const folder = mkdtempSync(join(tmpdir(), "runner-images-verify-"))
  try {
    await withRegistry(context, run.registry, repository, (registry, progress) =>
      progress.run("all platforms", `read ${repository.name}${name}`, async () =>
        (await registry.evidence(repository.name, name)).export(folder),
      ),
    )
    const read = layoutFiles(folder)
    const found = await layoutImageName(read, undefined, (why) => layoutProblem(folder, why))
    const image = await readPublished(layoutImages(read), found)
    if (!image) throw layoutProblem(folder, `${found.slice(1)} is missing`)
    answerFor(context, image, { ...run, repository: repository.name })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function answerFor(
  { answer }: CommandContext,
  image: PublishedImage,
  { trust, given, repository, platforms, json }: VerifyRun & { repository: string },
): void {
  const verification = verifyImage(image, { trust, repository, platforms })
  const cosign = cosignLines(image, verification, repository, given)
  answer(json ? JSON.stringify({ ...verification, cosign }, null, 2) : verificationText(verification, cosign))
  assertVerified(verification)
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
