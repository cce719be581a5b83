import fc from "fast-check"
import { expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { cleanUp, isBuildTag, planCleanup } from "../../../../dagger/src/core/published/cleanup.js"
import { promote, rollback } from "../../../../dagger/src/core/published/promotion.js"
import { setTags } from "../../../../dagger/src/core/published/set-tags.js"
import { surveyOf } from "../../../../dagger/src/core/published/survey.js"
import { planTags } from "../../../../dagger/src/core/published/tag-plan.js"
import { readImage } from "../../../../dagger/src/core/published/image.js"
import { isLatest, isVersionTag } from "../../../../dagger/src/core/published/tag-rules.js"
import { MemoryRegistry, publishImage, REPOSITORY } from "./memory-registry.js"

const TAGS = ["1.0.0", "1.0.1", "2.338.0", "2.338.0-2026.11.30", "1.0", "latest", "chrome-latest"]
const PLATFORMS = [["linux/amd64"], ["linux/arm64"], ["linux/amd64", "linux/arm64"]]

const tags = fc.uniqueArray(fc.constantFrom(...TAGS), { minLength: 1, maxLength: 3 })
const force = fc.boolean()
const step = fc.oneof(
  fc.record({
    do: fc.constant("publish" as const),
    ...{ platforms: fc.constantFrom(...PLATFORMS), salt: fc.nat({ max: 5 }), tags, force },
  }),
  fc.record({ do: fc.constant("promote" as const), name: fc.constantFrom(...TAGS), tags, force }),
  fc.record({ do: fc.constant("rollback" as const), tag: fc.constantFrom(...TAGS), force }),
  fc.record({ do: fc.constant("cleanup" as const), keep: fc.integer({ min: 1, max: 3 }) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function run(registry: MemoryRegistry, given: Step, at: number): Promise<void> {
  const options = { now: () => new Date(Date.UTC(2026, 10, 1, 0, at)) }
  switch (given.do) {
    case "publish": {
      const { platforms, force } = given
      const created = `2026-11-0${String(given.salt + 1)}T00:00:00Z`
      const to = publishImage(registry, { platforms, salt: String(given.salt), created })
      const bill = { artifactType: "application/spdx+json", mediaType: "application/spdx+json", annotations: {} }
      await registry.attach(REPOSITORY, { ...bill, subject: to, content: `of ${to}` })
      const wanted = given.tags.map((tag) => ({ repository: REPOSITORY, tag, to, platforms }))
      await setTags(registry, await planTags(registry, wanted, force), { ...options, by: "publish" })
      return
    }
    case "promote": {
      const wanted = { repository: REPOSITORY, name: `:${given.name}`, tags: given.tags }
      await promote(registry, wanted, { ...options, force: given.force })
      return
    }
    case "rollback":
      await rollback(registry, { repository: REPOSITORY, tag: given.tag }, { ...options, force: given.force })
      return
    case "cleanup": {
      const survey = await surveyOf(registry, REPOSITORY)
      await cleanUp(registry, survey, planCleanup(survey, given.keep))
    }
  }
}

interface State {
  digest: string
  platforms: string[]
  /** Digests of all that the image consists of, and of what is about it. */
  needs: string[]
}

/** What each tag for images leads to. Fails if something that it consists of is missing. */
async function stateOf(registry: MemoryRegistry): Promise<Map<string, State>> {
  const found = new Map<string, State>()
  for (const tag of await registry.tags(REPOSITORY)) {
    if (!TAGS.includes(tag)) continue
    const image = await readImage(registry, REPOSITORY, `:${tag}`)
    if (!image) throw new Error(`${tag} leads nowhere`)
    const children = image.platforms.map(({ digest }) => digest)
    const referrers = (await registry.referrers(REPOSITORY, image.digest)).map(({ digest }) => digest)
    const needs = [image.digest, ...children, ...referrers]
    for (const digest of needs)
      if ((await registry.find(REPOSITORY, `@${digest}`)) === undefined) throw new Error(`${tag} lacks ${digest}`)
    found.set(tag, { digest: image.digest, platforms: image.platforms.map(({ platform }) => platform), needs })
  }
  return found
}

it.each([
  ["with the referrers API", true],
  ["without it", false],
])(
  "whatever is done in a registry %s: versions stay, latest keeps its platforms, and cleanup takes nothing that is needed",
  async (_, api) => {
    let done = 0
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const registry = new MemoryRegistry(api)
      let before = await stateOf(registry)
      for (const [at, each] of steps.entries()) {
        try {
          await run(registry, each, at)
          done++
        } catch (error) {
          if (!(error instanceof RunnerImagesError)) throw error
        }
        const now = await stateOf(registry)
        for (const [tag, old] of before) {
          const current = now.get(tag)
          if (each.do === "cleanup") {
            if (current) expect(current).toEqual(old)
            else expect(isBuildTag(tag)).toBe(true)
            continue
          }
          if (!current) throw new Error(`${tag} is gone`)
          if (isVersionTag(tag) && !each.force) expect(current.digest).toBe(old.digest)
          if (isLatest(tag) || !each.force) expect(current.platforms).toEqual(expect.arrayContaining(old.platforms))
        }
        before = now
      }
    })
    await fc.assert(property, { numRuns: 150 })
    // Most steps are refused, but not all.
    expect(done).toBeGreaterThan(200)
  },
)
