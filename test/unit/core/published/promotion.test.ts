import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { TagMoves } from "../../../../dagger/src/core/oci/tag-moves.js"
import { promote, rollback, type PromotionOptions } from "../../../../dagger/src/core/published/promotion.js"
import { setTags } from "../../../../dagger/src/core/published/set-tags.js"
import { recordsOf, TAG_MOVE_TYPE } from "../../../../dagger/src/core/published/tag-history.js"
import { planTags } from "../../../../dagger/src/core/published/tag-plan.js"
import { MemoryRegistry, named, publishImage, REPOSITORY } from "./memory-registry.js"

/** A clock that a second passes on at each look. */
function clock(): () => Date {
  let seconds = 0
  return () => new Date(Date.UTC(2026, 10, 30, 12, 0, seconds++))
}

const OPTIONS = (): PromotionOptions => ({ force: false, now: clock() })

async function refusal(attempt: Promise<unknown>): Promise<{ code: string; text: string }> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof RunnerImagesError)
      return { code: error.code, text: named([error.problem, ...error.details, error.remedy].join("\n")) }
    throw error
  }
  throw new Error("not refused")
}

describe.each([true, false])("with a referrers API: %s", (referrersApi) => {
  const published = (tags: Record<string, readonly string[]>) => {
    const registry = new MemoryRegistry(referrersApi)
    const digests = Object.fromEntries(
      Object.entries(tags).map(([salt, names]) => [salt, publishImage(registry, { salt, tags: names })]),
    )
    const digest = (salt: string) => digests[salt] ?? ""
    const at = (tag: string) => registry.repositories.get(REPOSITORY)?.tags.get(tag)
    return { registry, digest, at }
  }

  it("promote sets tags in order, records where they were, and says how to go back", async () => {
    const { registry, digest, at } = published({ old: ["latest", "1.2"], new: ["1.2.3"] })
    const tags = ["latest", "1.2", "1.2.3", "stable"]
    const done = await promote(registry, { repository: REPOSITORY, name: ":1.2.3", tags }, OPTIONS())
    expect(named(JSON.stringify(done, null, 2))).toMatchInlineSnapshot(`
      "{
        "schemaVersion": 1,
        "image": "ghcr.io/owner/runner@A",
        "moves": [
          {
            "repository": "ghcr.io/owner/runner",
            "tag": "stable",
            "to": "A"
          },
          {
            "repository": "ghcr.io/owner/runner",
            "tag": "1.2",
            "from": "B",
            "to": "A"
          },
          {
            "repository": "ghcr.io/owner/runner",
            "tag": "latest",
            "from": "B",
            "to": "A"
          }
        ],
        "unchanged": [
          "1.2.3"
        ],
        "undo": [
          "runner-images rollback ghcr.io/owner/runner 1.2 --to B",
          "runner-images rollback ghcr.io/owner/runner latest --to B"
        ]
      }"
    `)
    expect([at("latest"), at("1.2"), at("stable")]).toEqual([digest("new"), digest("new"), digest("new")])
    expect(registry.writes.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "tag stable",
      `attach ${TAG_MOVE_TYPE}`,
      "tag 1.2",
      `attach ${TAG_MOVE_TYPE}`,
      "tag latest",
    ])
    expect(
      (await recordsOf(registry, REPOSITORY, digest("new"))).map(({ tag, from, by }) => ({ tag, from, by })),
    ).toEqual([
      { tag: "latest", from: digest("old"), by: "promote" },
      { tag: "1.2", from: digest("old"), by: "promote" },
    ])
  })

  it("says how to go back in a registry without TLS", async () => {
    const { registry, digest } = published({ old: ["latest"], new: ["1.2.3"] })
    const how = { repository: REPOSITORY, name: ":1.2.3", tags: ["latest"] }
    expect((await promote(registry, how, { ...OPTIONS(), plainHttp: true })).undo).toEqual([
      `runner-images rollback ${REPOSITORY} latest --to ${digest("old")} --plain-http`,
    ])
  })

  it("a second time changes nothing", async () => {
    const { registry } = published({ old: ["latest"], new: ["1.2.3"] })
    const again = () => promote(registry, { repository: REPOSITORY, name: ":1.2.3", tags: ["latest"] }, OPTIONS())
    await again()
    const before = registry.contents(REPOSITORY)
    expect(await again()).toMatchObject({ moves: [], unchanged: ["latest"], undo: [] })
    expect(registry.contents(REPOSITORY)).toEqual(before)
  })

  it("a dry run says the same and writes nothing", async () => {
    const { registry } = published({ old: ["latest"], new: ["1.2.3"] })
    const how = { repository: REPOSITORY, name: ":1.2.3", tags: ["latest", "edge"] }
    const dry = await promote(registry, how, { ...OPTIONS(), dryRun: true })
    expect(registry.writes).toEqual([])
    const { dryRun, ...rest } = dry
    expect(dryRun).toBe(true)
    expect(await promote(registry, how, OPTIONS())).toEqual(rest)
  })

  it("rollback goes back one move, and one more each time", async () => {
    const { registry, digest, at } = published({ a: ["1.0.0", "latest"], b: ["1.0.1"], c: ["1.0.2"] })
    const options = OPTIONS()
    for (const name of [":1.0.1", ":1.0.2"])
      await promote(registry, { repository: REPOSITORY, name, tags: ["latest"] }, options)
    expect(at("latest")).toBe(digest("c"))
    const back = async () => {
      const { undo } = await rollback(registry, { repository: REPOSITORY, tag: "latest" }, options)
      return { undo, now: at("latest") }
    }
    expect(await back()).toEqual({
      now: digest("b"),
      undo: [`runner-images rollback ${REPOSITORY} latest --to ${digest("c")}`],
    })
    expect((await back()).now).toBe(digest("a"))
    expect((await refusal(back())).code).toBe("TAG_HISTORY_UNKNOWN")
    // The printed command, and then back again.
    await rollback(registry, { repository: REPOSITORY, tag: "latest", to: digest("c") }, options)
    expect((await back()).now).toBe(digest("b"))
  })

  it("rollback knows each tag's own history, and that of a publication", async () => {
    const { registry, digest, at } = published({ a: ["edge"], b: ["latest"], c: ["1.0.0"] })
    const wanted = ["edge", "latest"].map((tag) => ({ repository: REPOSITORY, tag, to: digest("c") }))
    await setTags(registry, await planTags(registry, wanted, false), { by: "publish", now: clock() })
    await rollback(registry, { repository: REPOSITORY, tag: "edge" }, OPTIONS())
    expect([at("edge"), at("latest")]).toEqual([digest("a"), digest("c")])
    await rollback(registry, { repository: REPOSITORY, tag: "latest" }, OPTIONS())
    expect(at("latest")).toBe(digest("b"))
  })

  it("rollback follows the newest of several records", async () => {
    const { registry, digest, at } = published({ a: ["1.0.0"], b: ["1.0.1"], c: ["1.0.2", "latest"] })
    const options = OPTIONS()
    for (const name of [":1.0.1", ":1.0.0", ":1.0.1"])
      await promote(registry, { repository: REPOSITORY, name, tags: ["latest"] }, options)
    await rollback(registry, { repository: REPOSITORY, tag: "latest" }, options)
    expect(at("latest")).toBe(digest("a"))
  })

  it("rollback says what there is if nothing is recorded, or the image is gone", async () => {
    const { registry, digest } = published({ a: [], b: ["1.0.1", "latest"], c: ["1.0.2"] })
    const back = () => rollback(registry, { repository: REPOSITORY, tag: "latest" }, OPTIONS())
    expect(await refusal(back())).toEqual({
      code: "TAG_HISTORY_UNKNOWN",
      text: [
        "No record says what ghcr.io/owner/runner:latest pointed to before A.",
        "Versions in the repository: 1.0.1, 1.0.2",
        "Choose an image, and then: runner-images rollback ghcr.io/owner/runner latest --to DIGEST",
      ].join("\n"),
    })
    await promote(registry, { repository: REPOSITORY, name: `@${digest("a")}`, tags: ["latest"] }, OPTIONS())
    await promote(registry, { repository: REPOSITORY, name: ":1.0.2", tags: ["latest"] }, OPTIONS())
    await registry.delete(REPOSITORY, digest("a"))
    expect((await refusal(back())).text).toContain(
      "pointed to A before, and the registry does not have that image any more.",
    )
  })
})

describe("both keep the rules of publishing", () => {
  it("of versions and platforms, whoever sets the tag", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { salt: "old", tags: ["1.0.0", "latest"] })
    const amd = publishImage(registry, { salt: "new", platforms: ["linux/amd64"], tags: ["amd"] })
    const attempt = (tag: string, force = false) =>
      promote(registry, { repository: REPOSITORY, name: ":amd", tags: [tag] }, { ...OPTIONS(), force })
    expect((await refusal(attempt("1.0.0"))).code).toBe("TAG_LOSES_PLATFORM")
    expect((await refusal(attempt("latest", true))).code).toBe("TAG_LOSES_PLATFORM")
    expect(registry.writes).toEqual([])
    const forced = await attempt("1.0.0", true)
    expect(forced.undo).toEqual([
      `runner-images rollback ${REPOSITORY} 1.0.0 --to ${forced.moves[0]?.from ?? ""} --force`,
    ])
    const lost = rollback(registry, { repository: REPOSITORY, tag: "latest", to: amd }, { ...OPTIONS(), force: true })
    expect((await refusal(lost)).code).toBe("TAG_LOSES_PLATFORM")
  })

  it("and name no command that they would refuse", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { platforms: ["linux/amd64"], tags: ["latest"] })
    publishImage(registry, { salt: "new", tags: ["1.0.0"] })
    const done = await promote(registry, { repository: REPOSITORY, name: ":1.0.0", tags: ["latest"] }, OPTIONS())
    expect(done).toMatchObject({ moves: [{ tag: "latest" }], undo: [] })
  })

  it("of the runner, sudo and root, which tags name", async () => {
    const registry = new MemoryRegistry()
    const labels = { "com.github.runner.kind": "act", "com.github.runner.sudo": "true" }
    publishImage(registry, { labels, tags: ["1.0.0-sudo-act"] })
    const attempt = (...tags: string[]) =>
      promote(registry, { repository: REPOSITORY, name: ":1.0.0-sudo-act", tags }, { ...OPTIONS(), force: true })
    expect(await refusal(attempt("latest", "edge-act"))).toEqual({
      code: "TAG_UNMARKED",
      text: [
        "Tags of ghcr.io/owner/runner@A end in -sudo-act, and latest and edge-act do not.",
        "Use latest-sudo-act and edge-sudo-act: whoever uses a tag without that expects GitHub's runner, without root.",
      ].join("\n"),
    })
    expect((await attempt("latest-sudo-act")).moves).toHaveLength(1)
  })

  it("refuse what is not there, and what is no image", async () => {
    const registry = new MemoryRegistry()
    const digest = publishImage(registry, { tags: ["1.0.0"] })
    const artifact = { subject: digest, artifactType: "text/x", mediaType: "text/x", annotations: {}, content: "x" }
    await registry.attach(REPOSITORY, artifact)
    const [signature] = await registry.referrers(REPOSITORY, digest)
    const attempt = (name: string) => promote(registry, { repository: REPOSITORY, name, tags: ["edge"] }, OPTIONS())
    expect(await refusal(attempt(":1.0.1"))).toMatchObject({
      code: "IMAGE_MISSING",
      text: expect.stringContaining("There is no image ghcr.io/owner/runner:1.0.1.") as string,
    })
    expect(await refusal(attempt(`@${signature?.digest ?? ""}`))).toMatchObject({
      code: "IMAGE_MISSING",
      text: expect.stringContaining("is not a container image.") as string,
    })
    expect(await refusal(rollback(registry, { repository: REPOSITORY, tag: "edge" }, OPTIONS()))).toMatchObject({
      code: "IMAGE_MISSING",
    })
  })
})

describe("what fails halfway", () => {
  class Broken extends MemoryRegistry {
    override tag(repository: string, digest: string, tag: string): Promise<void> {
      return tag === "latest" ? Promise.reject(new Error("the network is gone")) : super.tag(repository, digest, tag)
    }
  }

  it("says what moved and what did not, and a record of a move that did not happen misleads nobody", async () => {
    const registry = new Broken()
    const a = publishImage(registry, { salt: "a", tags: ["edge", "latest"] })
    publishImage(registry, { salt: "b", tags: ["1.0.0"] })
    const moves = new TagMoves("promote")
    const attempt = promote(
      registry,
      { repository: REPOSITORY, name: ":1.0.0", tags: ["edge", "latest"] },
      { ...OPTIONS(), moves },
    )
    await expect(attempt).rejects.toThrow("the network is gone")
    expect(named(moves.account().join("\n"))).toMatchInlineSnapshot(`
      "1 of 2 tags were set:
        set: ghcr.io/owner/runner:edge, from A to B
        not set: ghcr.io/owner/runner:latest, which still points to A
      To continue, promote again. To undo, after skopeo login if the registry requires it:
        ghcr.io/owner/runner:edge: skopeo copy --all --preserve-digests docker://ghcr.io/owner/runner@A docker://ghcr.io/owner/runner:edge"
    `)
    expect((await refusal(rollback(registry, { repository: REPOSITORY, tag: "latest" }, OPTIONS()))).code).toBe(
      "TAG_HISTORY_UNKNOWN",
    )
    await rollback(registry, { repository: REPOSITORY, tag: "edge" }, OPTIONS())
    expect(registry.repositories.get(REPOSITORY)?.tags.get("edge")).toBe(a)
  })
})
