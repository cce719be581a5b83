import { cosignLines, type GivenTrust } from "../../dagger/src/core/evidence/cosign-lines.js"
import type { PublishedImage } from "../../dagger/src/core/evidence/published-image.js"
import type { Trust } from "../../dagger/src/core/evidence/trust.js"
import { assertVerified, verifyImage } from "../../dagger/src/core/evidence/verification.js"
import type { ImageReference } from "../../dagger/src/core/text/reference.js"
import { evidenceIn, readEvidence } from "../../dagger/src/pipeline/oci/published.js"
import type { CommandContext } from "../input/context.js"
import type { GivenRegistry } from "../input/registry-options.js"
import { verificationText } from "../output/verification.js"

interface VerifyRun {
  platforms: readonly string[]
  trust: Trust
  /** The same as the user gave it. */
  given: GivenTrust
  /** The image's registry has no TLS, although it is not on this machine. */
  plainHttp: boolean
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
  answerFor(context, await evidenceIn(run.folder, run.tag), run)
}

/**
 * Verifies an image in a registry, prints what was examined, and fails if anything is wrong. Layers are not read.
 *
 * @throws RunnerImagesError VERIFICATION_FAILED, and the errors of a registry
 */
export async function verifyPublished(context: CommandContext, run: PublishedRun): Promise<void> {
  const { reference } = run
  const { withRegistry } = await import("./with-registry.js")
  const image = await withRegistry(context, run.registry, reference.repository, (registry, progress) =>
    readEvidence(registry, reference, progress),
  )
  answerFor(context, image, { ...run, repository: reference.repository.name })
}

function answerFor(
  { answer }: CommandContext,
  image: PublishedImage,
  { trust, given, repository, platforms, plainHttp, json }: VerifyRun & { repository: string },
): void {
  const verification = verifyImage(image, { trust, repository, platforms })
  const cosign = cosignLines(image, verification, repository, given, plainHttp)
  answer(json ? JSON.stringify({ ...verification, cosign }, null, 2) : verificationText(verification, cosign))
  assertVerified(verification)
}
