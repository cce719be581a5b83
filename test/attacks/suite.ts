import { writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { whyNotRunnable } from "../lifecycle/emulation.js"
import { Gate } from "../lifecycle/gate.js"
import { type Attack, ATTACKS, type Extent } from "./attacks.js"
import { type Grounds, grounds } from "./ground.js"
import { attackReport } from "./report.js"
import { type AttackResult, runAttack, runLooks, whyNot } from "./run-attack.js"
import type { Outcome } from "./scene.js"
import { WAYS, type Way } from "./ways.js"

/** Most of an attack is waiting. */
const AT_ONCE = 2

const LOOKS = ATTACKS.filter(({ run }) => run === undefined)

const COMBINATIONS = WAYS.flatMap((way) => ATTACKS.map((attack) => [way.name, attack.name, way, attack] as const))

/** Makes every attack in every way of starting, on each platform; writes the table to RUNNER_IMAGES_ATTACKS_REPORT. */
export function attackSuite(platforms: readonly PlatformName[], extent: Extent): void {
  const results: AttackResult[] = []
  let ground: Grounds

  beforeAll(async () => {
    ground = await grounds(platforms, extent)
  })

  afterAll(async () => {
    const path = process.env.RUNNER_IMAGES_ATTACKS_REPORT
    if (path !== undefined) writeFileSync(path, attackReport({ attacks: ATTACKS, ways: WAYS, platforms, results }))
    await ground.remove()
  })

  describe.each(platforms)("a hostile job in the image for %s", (platform) => {
    const unrunnable = whyNotRunnable(platform)
    const gate = new Gate(AT_ONCE)
    const looks = new Map<Way, Promise<Map<Attack, Outcome>>>()

    /** Every look in a way: made when the first of them is asked for. */
    function looksIn(way: Way): Promise<Map<Attack, Outcome>> {
      const made = looks.get(way) ?? gate.pass(() => runLooks(LOOKS, way, ground.of(platform)))
      looks.set(way, made)
      return made
    }

    async function outcomeOf(attack: Attack, way: Way): Promise<Outcome> {
      if (attack.run) return gate.pass(() => runAttack(attack, way, ground.of(platform)))
      const outcome =
        (await looksIn(way)).get(attack) ??
        // An attack before it has ended the job, which is its right: this one gets a container of its own.
        (await gate.pass(() => runLooks([attack], way, ground.of(platform)))).get(attack)
      if (!outcome) throw new Error(`${attack.name} was not made`)
      return outcome
    }

    it.concurrent.for(COMBINATIONS)("%s: %s", async ([, , way, attack], { skip }) => {
      const why = unrunnable ?? whyNot(attack, way)
      if (why !== undefined) {
        results.push({ attack, way, platform, seconds: 0, why })
        return skip(why)
      }
      const start = performance.now()
      const seconds = (): number => (performance.now() - start) / 1000
      let outcome: Outcome
      try {
        outcome = await outcomeOf(attack, way)
      } catch (error) {
        results.push({ attack, way, platform, seconds: seconds(), why: "failed" })
        throw error
      }
      results.push({ attack, way, platform, seconds: seconds(), outcome })
      expect({ finds: outcome.finds, foreignRemoved: outcome.foreignRemoved }).toEqual({
        finds: [],
        foreignRemoved: [],
      })
    })
  })
}
