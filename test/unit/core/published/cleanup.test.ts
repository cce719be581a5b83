import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { digestOf } from "../../../../dagger/src/core/oci/documents.js"
import {
  cleanUp,
  isBuildTag,
  parseKeep,
  planCleanup,
  seriesOf,
  type CleanupPlan,
} from "../../../../dagger/src/core/published/cleanup.js"
import { promote, rollback } from "../../../../dagger/src/core/published/promotion.js"
import { surveyOf } from "../../../../dagger/src/core/published/survey.js"
import { MemoryRegistry, publishImage, REPOSITORY } from "./memory-registry.js"

fc.configureGlobal({ seed: Number(process.env.RUNNER_IMAGES_TEST_SEED ?? 20261130), numRuns: 200 })

const day = (number: number) => new Date(Date.UTC(2026, 0, number)).toISOString()
const note = (subject: string, about: string) => ({
  subject,
  artifactType: "application/spdx+json",
  mediaType: "application/spdx+json",
  annotations: {},
  content: about,
})

async function planOf(registry: MemoryRegistry, keep: number): Promise<CleanupPlan> {
  return planCleanup(await surveyOf(registry, REPOSITORY), keep)
}

async function cleaned(registry: MemoryRegistry, keep: number): Promise<CleanupPlan> {
  const survey = await surveyOf(registry, REPOSITORY)
  const plan = planCleanup(survey, keep)
  await cleanUp(registry, survey, plan)
  return plan
}

/** Whether a tag names an image, and not what is about one. */
const names = (tag: string) => !tag.startsWith("sha256-")
const tagsOf = (registry: MemoryRegistry) => Object.keys(registry.contents(REPOSITORY).tags).filter(names)

describe("tags that name a build", () => {
  it.each([
    ["1.2.3", "#"],
    ["v1.2.3-act", "v#-act"],
    ["0.1.0-2026.11.30", "#-#"],
    ["chrome-0.1.0-2026.11.30-act", "chrome-#-#-act"],
    ["0123456789ab", "#"],
    ["main-0123456789ab-act", "main-#-act"],
    ["0.1.0-0123456789ab", "#-#"],
    ["20261130", "#"],
  ])("%s, of the series %s", (tag, series) => {
    expect([isBuildTag(tag), seriesOf(tag)]).toEqual([true, series])
  })

  it.each(["latest", "latest-act", "1.2", "1", "2026.11", "edge", "stable-act", "defaced", "feature-abc"])(
    "not %s",
    (tag) => {
      expect(isBuildTag(tag)).toBe(false)
    },
  )
})

describe.each([true, false])("with a referrers API: %s", (referrersApi) => {
  /** Three releases; the tags that follow them point to the last. */
  const released = async () => {
    const registry = new MemoryRegistry(referrersApi)
    const digests = [1, 2, 3].map((number) =>
      publishImage(registry, { salt: String(number), created: day(number), tags: [`1.0.${String(number)}`] }),
    )
    for (const [place, digest] of digests.entries()) {
      await registry.attach(REPOSITORY, note(digest, `index ${String(place)}`))
      const index = JSON.parse((await registry.find(REPOSITORY, `@${digest}`)) ?? "") as {
        manifests: { digest: string }[]
      }
      for (const child of index.manifests)
        await registry.attach(REPOSITORY, note(child.digest, `child of ${String(place)}`))
    }
    const [first = "", second = "", third = ""] = digests
    await registry.tag(REPOSITORY, third, "latest")
    registry.writes.length = 0
    return { registry, first, second, third }
  }

  it("the newest builds stay with all that is about them, and older ones go with all of theirs", async () => {
    const { registry, first, second, third } = await released()
    const plan = await cleaned(registry, 2)
    expect(plan.deleted).toEqual([
      { digest: first, tags: ["1.0.1"], created: day(1), reason: "older than the newest 2 of its series" },
    ])
    expect(plan.kept).toEqual([
      { digest: third, tags: ["1.0.3", "latest"], created: day(3), reason: "latest names it" },
      { digest: second, tags: ["1.0.2"], created: day(2), reason: "one of the newest 2 of its series" },
    ])
    expect(plan.deletions[0]).toBe(first)
    // The index, two platforms, and what is about each of the three; without the API also the three lists of that.
    expect(plan.deletions).toHaveLength(referrersApi ? 6 : 9)
    expect(tagsOf(registry)).toEqual(["1.0.2", "1.0.3", "latest"])
    const fresh = await released()
    const { manifests } = fresh.registry.contents(REPOSITORY)
    expect(registry.contents(REPOSITORY).manifests).toEqual(
      manifests.filter((digest) => !plan.deletions.includes(digest)),
    )
  })

  it("a plan changes nothing, and a second cleanup has nothing to do", async () => {
    const { registry } = await released()
    const before = registry.contents(REPOSITORY)
    expect(await planOf(registry, 1)).toEqual(await planOf(registry, 1))
    expect(registry.contents(REPOSITORY)).toEqual(before)
    await cleaned(registry, 1)
    expect(await planOf(registry, 1)).toMatchObject({ deleted: [], deletions: [] })
  })

  it("where a rollback would lead stays", async () => {
    const { registry, first, third } = await released()
    const options = { force: false, now: () => new Date() }
    for (const name of [":1.0.1", ":1.0.3"])
      await promote(registry, { repository: REPOSITORY, name, tags: ["stable"] }, options)
    const plan = await cleaned(registry, 1)
    expect(plan.kept.map(({ digest, reason }) => ({ digest, reason }))).toEqual([
      { digest: third, reason: "latest names it" },
      { digest: first, reason: "a rollback of stable leads to it" },
    ])
    await rollback(registry, { repository: REPOSITORY, tag: "stable" }, options)
    expect(registry.contents(REPOSITORY).tags).toMatchObject({ stable: first })
  })

  it("an image that lost its last tag goes, if a record names it", async () => {
    const { registry, first, second, third } = await released()
    const options = { force: true, now: () => new Date() }
    const only = publishImage(registry, { salt: "edge", created: day(4), tags: ["edge"] })
    for (const name of [`@${first}`, `@${second}`, `@${third}`])
      await promote(registry, { repository: REPOSITORY, name, tags: ["edge"] }, options)
    const plan = await planOf(registry, 3)
    expect(plan.deleted).toEqual([{ digest: only, tags: [], reason: "no tag names it any more" }])
  })
})

describe("how many stay", () => {
  it("is a number from 1 on", () => {
    expect(["1", " 10 "].map(parseKeep)).toEqual([1, 10])
    for (const given of [undefined, "", "0", "-1", "1.5", "1e3", "all", "9".repeat(20)])
      expect(() => parseKeep(given)).toThrow(expect.objectContaining({ code: "USAGE" }))
  })
})

describe("what stays", () => {
  it("is each series' own", async () => {
    const registry = new MemoryRegistry()
    const make = (salt: string, ...tags: string[]) => publishImage(registry, { salt, created: day(Number(salt)), tags })
    make("1", "1.0.0-act")
    make("2", "chrome-1.0.0")
    make("3", "1.0.0")
    make("4", "1.0.1")
    const plan = await cleaned(registry, 1)
    expect(plan.deleted.map(({ tags }) => tags)).toEqual([["1.0.0"]])
    expect(tagsOf(registry)).toEqual(["1.0.0-act", "1.0.1", "chrome-1.0.0"])
  })

  it("is decided by age, then by number, and an image counts once for all of its tags", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { salt: "a", created: day(1), tags: ["1.9.0"] })
    publishImage(registry, { salt: "b", created: day(1), tags: ["1.10.0", "1.10.1"] })
    publishImage(registry, { salt: "c", created: day(2), tags: ["1.8.5"] })
    await cleaned(registry, 2)
    expect(tagsOf(registry)).toEqual(["1.10.0", "1.10.1", "1.8.5"])
  })

  it("is what does not say its age, and what is no image", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { salt: "a", tags: ["1.0.0"] })
    publishImage(registry, { salt: "b", created: "long ago", tags: ["1.0.1"] })
    const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 }
    registry.put(REPOSITORY, { schemaVersion: 2, artifactType: "application/x", config }, "1.0.2")
    for (const number of [3, 4])
      publishImage(registry, { salt: String(number), created: day(number), tags: [`1.0.${String(number)}`] })
    const plan = await cleaned(registry, 1)
    expect(Object.fromEntries(plan.kept.map(({ tags, reason }) => [tags.join(), reason]))).toEqual({
      "1.0.0": "it does not say how old it is",
      "1.0.1": "it does not say how old it is",
      "1.0.2": "it is no container image",
      "1.0.4": "the newest of its series",
    })
    expect(plan.deleted.map(({ tags }) => tags)).toEqual([["1.0.3"]])
  })

  it("is a platform that a newer index has as well", async () => {
    const registry = new MemoryRegistry()
    const shared = publishImage(registry, { salt: "same", platforms: ["linux/amd64"], bare: true, created: day(1) })
    const child = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: shared,
      size: 1,
      platform: { os: "linux", architecture: "amd64" },
    }
    const index = (number: number) => ({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [child],
      annotations: { "org.opencontainers.image.created": day(number) },
    })
    const old = registry.put(REPOSITORY, index(1), "1.0.0")
    registry.put(REPOSITORY, index(2), "1.0.1")
    expect((await cleaned(registry, 1)).deletions).toEqual([old])
  })

  it("is what is about an image that cannot be found: it may be an unfinished publication", async () => {
    const registry = new MemoryRegistry(false)
    const digest = publishImage(registry, { salt: "untagged" })
    await registry.attach(REPOSITORY, note(digest, "x"))
    for (const number of [1, 2])
      publishImage(registry, { salt: String(number), created: day(number), tags: [`1.0.${String(number)}`] })
    const { manifests } = registry.contents(REPOSITORY)
    const plan = await cleaned(registry, 1)
    expect(plan.strays).toEqual([digest.replace(":", "-")])
    expect(registry.contents(REPOSITORY).manifests).toEqual(manifests.filter((each) => !plan.deletions.includes(each)))
    expect(await registry.find(REPOSITORY, `@${digest}`)).toBeDefined()
    expect(await registry.referrers(REPOSITORY, digest)).toHaveLength(1)
  })
})

describe("a repository that changes meanwhile", () => {
  it.each<[string, (registry: MemoryRegistry, old: string) => Promise<unknown> | undefined]>([
    ["a tag is set", (registry, old) => registry.tag(REPOSITORY, old, "latest")],
    ["a tag moves", (registry, old) => registry.tag(REPOSITORY, old, "1.0.2")],
    ["a tag is deleted", (registry) => void registry.repositories.get(REPOSITORY)?.tags.delete("1.0.2")],
    [
      "an image is being published",
      (registry) => registry.attach(REPOSITORY, note(publishImage(registry, { salt: "new" }), "signature")),
    ],
  ])("is left alone: %s", async (_, change) => {
    const registry = new MemoryRegistry(false)
    const [old = ""] = [1, 2].map((number) =>
      publishImage(registry, { salt: String(number), created: day(number), tags: [`1.0.${String(number)}`] }),
    )
    const survey = await surveyOf(registry, REPOSITORY)
    const plan = planCleanup(survey, 1)
    expect(plan.deletions).not.toEqual([])
    await change(registry, old)
    await expect(cleanUp(registry, survey, plan)).rejects.toMatchObject({ code: "REPOSITORY_CHANGED" })
    expect(registry.writes.filter((line) => line.startsWith("delete"))).toEqual([])
  })

  it("is none if the same cleanup goes on", async () => {
    const registry = new MemoryRegistry(false)
    for (const number of [1, 2]) {
      const digest = publishImage(registry, {
        salt: String(number),
        created: day(number),
        tags: [`1.0.${String(number)}`],
      })
      await registry.attach(REPOSITORY, note(digest, String(number)))
    }
    await cleaned(registry, 1)
    expect(tagsOf(registry)).toEqual(["1.0.2"])
  })
})

/** Any repository: images that share platforms, tags of all kinds, things about images and about these things, moves, deleted tags. */
const anyRepository = fc.record({
  referrersApi: fc.boolean(),
  images: fc.array(
    fc.record({
      // Images with the same salt share their platforms; with the same platforms and day they are one image.
      salt: fc.constantFrom("a", "b", "c", "d"),
      created: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      platforms: fc.subarray(["linux/amd64", "linux/arm64", "linux/riscv64"], { minLength: 1 }),
      bare: fc.boolean(),
      tags: fc.array(
        fc.oneof(
          fc.constantFrom("latest", "edge", "1.0", "latest-act", "thing"),
          fc.integer({ min: 0, max: 6 }).map((number) => `1.0.${String(number)}`),
          fc.integer({ min: 0, max: 3 }).map((number) => `chrome-1.0.${String(number)}-act`),
        ),
        { maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  abouts: fc.array(fc.record({ of: fc.nat(), nested: fc.boolean(), content: fc.constantFrom("x", "y", "z") }), {
    maxLength: 8,
  }),
  moves: fc.array(fc.record({ to: fc.nat(), tag: fc.constantFrom("latest", "edge", "1.0", "1.0.3") }), {
    maxLength: 6,
  }),
  untagged: fc.array(fc.nat(), { maxLength: 3 }),
  keep: fc.integer({ min: 1, max: 3 }),
})
type AnyRepository = typeof anyRepository extends fc.Arbitrary<infer T> ? T : never

async function built({ referrersApi, images, abouts, moves, untagged }: AnyRepository): Promise<MemoryRegistry> {
  const registry = new MemoryRegistry(referrersApi)
  for (const { created, bare, ...image } of images)
    publishImage(registry, {
      ...image,
      ...(created === undefined ? {} : { created: day(created) }),
      ...(bare ? { bare: true as const } : {}),
    })
  const all = () => registry.contents(REPOSITORY).manifests
  for (const { of, nested, content } of abouts) {
    const subject = all()[of % all().length] ?? ""
    await registry.attach(REPOSITORY, note(subject, content))
    const [about] = await registry.referrers(REPOSITORY, subject)
    if (nested && about) await registry.attach(REPOSITORY, note(about.digest, `about ${content}`))
  }
  let seconds = 0
  for (const { to, tag } of moves) {
    const name = `@${all()[to % all().length] ?? ""}`
    const options = { force: true, now: () => new Date(seconds++ * 1000) }
    // What is no image, and what latest may not move to, is refused.
    await promote(registry, { repository: REPOSITORY, name, tags: [tag] }, options).catch(() => undefined)
  }
  for (const place of untagged) {
    const tags = tagsOf(registry)
    registry.repositories.get(REPOSITORY)?.tags.delete(tags[place % (tags.length || 1)] ?? "")
  }
  registry.writes.length = 0
  return registry
}

/** Everything that a digest needs, found by walking the documents themselves and not by the code that is tested. */
async function needs(registry: MemoryRegistry, digest: string, found = new Set<string>()): Promise<Set<string>> {
  const text = await registry.find(REPOSITORY, `@${digest}`)
  if (text === undefined || found.has(digest)) return found
  found.add(digest)
  const { manifests = [] } = JSON.parse(text) as { manifests?: { digest: string }[] }
  const about = await registry.referrers(REPOSITORY, digest)
  const list = registry.contents(REPOSITORY).tags[digest.replace(":", "-")]
  for (const next of [...manifests, ...about, ...(list === undefined ? [] : [{ digest: list }])])
    await needs(registry, next.digest, found)
  return found
}

describe("in any repository", () => {
  it("no tag that stays loses anything that it needs", async () => {
    await fc.assert(
      fc.asyncProperty(anyRepository, async (given) => {
        const registry = await built(given)
        const before = registry.contents(REPOSITORY)
        const needed = new Map<string, Set<string>>()
        for (const [tag, digest] of Object.entries(before.tags)) needed.set(tag, await needs(registry, digest))
        const plan = await cleaned(registry, given.keep)
        const after = registry.contents(REPOSITORY)
        for (const [tag, digest] of Object.entries(after.tags)) {
          expect(digest).toBe(before.tags[tag])
          for (const each of needed.get(tag) ?? []) expect(after.manifests).toContain(each)
        }
        // Tags that follow builds stay, all of them; of the others only what the plan says goes.
        const gone = Object.keys(before.tags).filter((tag) => after.tags[tag] === undefined && names(tag))
        expect(gone.filter((tag) => !isBuildTag(tag))).toEqual([])
        expect(gone.toSorted()).toEqual(plan.deleted.flatMap(({ tags }) => tags).toSorted())
        // Of each series, the newest stay.
        for (const series of new Set(Object.keys(before.tags).filter(names).filter(isBuildTag).map(seriesOf))) {
          const images = (tags: Record<string, string>) =>
            new Set(
              Object.entries(tags).flatMap(([tag, digest]) => (names(tag) && seriesOf(tag) === series ? [digest] : [])),
            ).size
          expect(images(after.tags)).toBeGreaterThanOrEqual(Math.min(given.keep, images(before.tags)))
        }
      }),
    )
  })

  it("a second cleanup has nothing to do, and a plan is the same each time", async () => {
    await fc.assert(
      fc.asyncProperty(anyRepository, async (given) => {
        const registry = await built(given)
        expect(await planOf(registry, given.keep)).toEqual(await planOf(registry, given.keep))
        expect(registry.writes).toEqual([])
        await cleaned(registry, given.keep)
        const left = registry.contents(REPOSITORY)
        expect((await planOf(registry, given.keep)).deletions).toEqual([])
        await cleaned(registry, given.keep)
        expect(registry.contents(REPOSITORY)).toEqual(left)
      }),
    )
  })

  it("a cleanup that stops anywhere leaves no tag that names an incomplete image", async () => {
    await fc.assert(
      fc.asyncProperty(anyRepository, fc.nat(), async (given, stop) => {
        const registry = await built(given)
        const { deletions } = await planOf(registry, given.keep)
        const needed = new Map<string, Set<string>>()
        for (const [tag, digest] of Object.entries(registry.contents(REPOSITORY).tags))
          needed.set(tag, await needs(registry, digest))
        for (const digest of deletions.slice(0, stop % (deletions.length + 1)))
          await registry.delete(REPOSITORY, digest)
        const { tags, manifests } = registry.contents(REPOSITORY)
        for (const tag of Object.keys(tags)) {
          if (!names(tag)) continue
          for (const each of needed.get(tag) ?? []) expect(manifests).toContain(each)
        }
        // And whoever goes on deletes the rest.
        await cleaned(registry, given.keep)
        expect((await planOf(registry, given.keep)).deletions).toEqual([])
      }),
    )
  })
})
