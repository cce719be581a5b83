import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { Lab } from "./lab.js"
import type { UnpackedImage } from "./oci-image.js"

/** What is done with built images, and what that shows. */
export interface LifecycleCase {
  /** `sigterm-idle` */
  readonly name: string
  /** What is true of the image when the case passes, as a sentence without its full stop. */
  readonly proves: string
  /** Also part of the gate, on this host's own platform. */
  readonly gate?: true
  /** @throws whatever does not hold */
  readonly run: (lab: Lab) => Promise<void>
}

/** Cases that belong together. */
export interface CaseGroup {
  readonly title: string
  readonly cases: readonly LifecycleCase[]
}

export function caseGroup(title: string, cases: readonly LifecycleCase[]): CaseGroup {
  return { title, cases }
}

/** Runs a case in a lab of its own. When it fails, its error has what the containers said. */
export async function runCase({ run }: LifecycleCase, image: UnpackedImage): Promise<void> {
  const lab = new Lab(image)
  try {
    await run(lab)
  } catch (error) {
    if (error instanceof Error) error.message += `\n\n${lab.story()}`
    throw error
  } finally {
    await lab.close()
  }
}

/** How a case ended on a platform. */
export type CaseResult = { readonly case: LifecycleCase; readonly platform: PlatformName } & (
  | { readonly status: "passed" | "failed"; readonly seconds: number }
  | { readonly status: "skipped"; readonly why: string }
)
