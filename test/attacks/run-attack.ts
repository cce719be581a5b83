import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { TestEnvironment } from "../lifecycle/test-environment.js"
import type { UnpackedImage } from "../lifecycle/oci-image.js"
import type { Attack, Extent } from "./attacks.js"
import { type Outcome, Scene } from "./scene.js"
import type { Way } from "./ways.js"

/** Where and how an attack is made. */
export interface Ground {
  readonly image: UnpackedImage
  /** Path of the hostile program for the image's platform. */
  readonly program: string
  readonly extent: Extent
}

/** An attack in a way of starting, and what came of it. */
export interface AttackResult {
  readonly attack: Attack
  readonly way: Way
  readonly platform: PlatformName
  readonly seconds: number
  /** Undefined when it could not be made, for the reason that is given. */
  readonly outcome?: Outcome
  readonly why?: string
}

/** Why an attack is not made in a way; undefined where it is. */
export function whyNot({ needsMoreThanOneJob }: Attack, { oneJob }: Way): string | undefined {
  return needsMoreThanOneJob && oneJob ? "one job only" : undefined
}

/** Makes an attack on a container of its own. When that cannot be done, its error has what the containers said. */
export async function runAttack(attack: Attack, way: Way, { image, program, extent }: Ground): Promise<Outcome> {
  const testEnv = new TestEnvironment(image)
  try {
    const scene = await Scene.open(testEnv, way, program, attack.memory)
    await attack.run(scene, extent)
    return scene.judge()
  } catch (error) {
    if (error instanceof Error) error.message += `\n\n${testEnv.logs()}`
    throw error
  } finally {
    await testEnv.close()
  }
}
