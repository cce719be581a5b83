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
export function runAttack({ run, memory }: Attack, way: Way, ground: Ground): Promise<Outcome> {
  return inScene(way, ground, memory, async (scene) => {
    await run?.(scene, ground.extent)
    return scene.judge()
  })
}

/**
 * Makes the attacks that only look one after the other in one job, so that all of them together take one start of a container.
 *
 * @returns what came of those that began: one of them may end the job
 */
export function runLooks(attacks: readonly Attack[], way: Way, ground: Ground): Promise<Map<Attack, Outcome>> {
  const names = attacks.map(({ name }) => name)
  return inScene(way, ground, undefined, async (scene) => {
    await scene.attack(names, { partial: true })
    const { finds, foreignRemoved } = scene.judge()
    // The program's files begin with the attack's name. What is in none of them counts for every attack.
    const isOf = (name: string, where: string): boolean =>
      where.startsWith(`${name}.`) || !names.some((other) => where.startsWith(`${other}.`))
    return new Map(
      attacks.flatMap((attack) => {
        const told = scene.told.get(attack.name)
        if (!told) return []
        const { tried, opened, full } = told
        const outcome = {
          tried: {
            ...tried,
            ...(full && { "readings that were too long": 1 }),
          },
          finds: [
            ...finds.filter(({ where }) => isOf(attack.name, where)),
            ...opened.map((where) => ({ what: "a debugger", where })),
          ],
          foreignRemoved,
        }
        return [[attack, outcome] as const]
      }),
    )
  })
}

async function inScene<T>(
  way: Way,
  { image, program }: Ground,
  memory: number | undefined,
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  const testEnv = new TestEnvironment(image)
  try {
    return await work(await Scene.open(testEnv, way, program, memory))
  } catch (error) {
    if (error instanceof Error) error.message += `\n\n${testEnv.logs()}`
    throw error
  } finally {
    await testEnv.close()
  }
}
