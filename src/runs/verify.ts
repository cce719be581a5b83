import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { cosignLines, type GivenTrust } from "../../dagger/src/core/evidence/cosign-lines.js"
import { layoutImageName, layoutImages } from "../../dagger/src/core/evidence/layout-images.js"
import { readPublished } from "../../dagger/src/core/evidence/published-image.js"
import type { Trust } from "../../dagger/src/core/evidence/trust.js"
import { assertVerified, verifyImage } from "../../dagger/src/core/evidence/verification.js"
import type { CommandContext } from "../input/context.js"
import { verificationText } from "../output/verification.js"

export interface VerifyRun {
  /** Of the layout. */
  folder: string
  tag: string | undefined
  repository: string
  platforms: readonly string[]
  trust: Trust
  /** The same as the user gave it. */
  given: GivenTrust
  json: boolean
}

/** Verifies an image, prints what was examined, and fails if anything is wrong. Throws RunnerImagesError VERIFICATION_FAILED. */
export async function runVerify({ answer }: CommandContext, run: VerifyRun): Promise<void> {
  const { folder, repository, platforms, trust } = run
  const read = layoutFiles(folder)
  const name = await layoutImageName(read, run.tag, (why) => layoutProblem(folder, why))
  const image = await readPublished(layoutImages(read), name)
  if (!image) throw layoutProblem(folder, `${name.slice(1)}, which its index.json names, is missing`)
  const verification = verifyImage(image, { trust, repository, platforms })
  const cosign = cosignLines(image, verification, repository, run.given)
  answer(run.json ? JSON.stringify({ ...verification, cosign }, null, 2) : verificationText(verification, cosign))
  assertVerified(verification)
}

function layoutFiles(folder: string): (path: string) => Promise<string | undefined> {
  return async (path) => {
    try {
      return await readFile(join(folder, path), "utf8")
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
      throw layoutProblem(folder, `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
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
