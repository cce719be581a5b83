import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { TestEnvironment } from "./test-environment.js"
import type { UnpackedImage } from "./oci-image.js"

/** What is done with built images, and what that shows. */
export interface LifecycleCase {
  /** `sigterm-idle` */
  readonly name: string
  /** What is true of the image when the case passes, as a sentence without its full stop. */
  readonly proves: string
  /** Also part of the gate, on this host's own platform. */
  readonly gate?: true
  /** Only with a runner that speaks GitHub's protocol and runs actions: not with the stand-in. */
  readonly needs?: "actions"
  /** @throws whatever does not hold */
  readonly run: (testEnv: TestEnvironment) => Promise<void>
}

/** Cases that belong together. */
export interface CaseGroup {
  readonly title: string
  readonly cases: readonly LifecycleCase[]
}

export function caseGroup(title: string, cases: readonly LifecycleCase[]): CaseGroup {
  return { title, cases }
}

/** Why an image cannot have a case, or undefined when it can. */
export function whyNotFor({ needs }: LifecycleCase, { runner }: UnpackedImage): string | undefined {
  return needs === "actions" && runner === "stand-in" ? "the image's stand-in runner runs no actions" : undefined
}

/** Runs a case in a test environment of its own. When it fails, its error has what the containers said. */
export async function runCase({ run }: LifecycleCase, image: UnpackedImage): Promise<void> {
  const testEnv = new TestEnvironment(image)
  try {
    await run(testEnv)
  } catch (error) {
    if (error instanceof Error) error.message += `\n\n${testEnv.logs()}`
    throw error
  } finally {
    await testEnv.close()
  }
}

/** How a case ended on a platform. */
export type CaseResult = { readonly case: LifecycleCase; readonly platform: PlatformName } & (
  | { readonly status: "passed" | "failed"; readonly seconds: number }
  | { readonly status: "skipped"; readonly why: string }
)
