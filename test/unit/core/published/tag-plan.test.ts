import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { checkBeforeBuild, planTags } from "../../../../dagger/src/core/published/tag-plan.js"
import { isLatest, isVersionTag } from "../../../../dagger/src/core/published/tag-rules.js"
import { MemoryRegistry, named, publishImage, REPOSITORY } from "./memory-registry.js"

const AMD = "linux/amd64"
const ARM = "linux/arm64"

/** What tags are refused with. */
async function refusal(attempt: Promise<unknown>): Promise<{ code: string; text: string } | "set"> {
  try {
    await attempt
    return "set"
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    return { code: error.code, text: named([error.problem, ...error.details, error.remedy].join("\n")) }
  }
}

describe("a tag with a whole version", () => {
  it.each([
    ["1.2.3", true],
    ["v1.2.3", true],
    ["1.2.3-act", true],
    ["1.2.3-rc.1", true],
    ["chrome-1.2.3", true],
    ["chrome-go-v1.2.3-sudo-root-act", true],
    ["154.0.8037.92", true],
    ["2026.11.30", true],
    ["0.1.0-2026.11.30", true],
    ["1", false],
    ["1.2", false],
    ["v1.2-act", false],
    ["2026.11", false],
    ["latest", false],
    ["latest-1.2.3", false],
    ["edge", false],
    ["x1.2.3", false],
    ["0123456789ab", false],
  ])("%s: %s", (tag, expected) => {
    expect(isVersionTag(tag)).toBe(expected)
  })

  it.each([
    ["latest", true],
    ["latest-act", true],
    ["chrome-latest", true],
    ["chrome-go-latest-sudo-act", true],
    ["latestish", false],
    ["greatest", false],
  ])("or that everybody follows: %s: %s", (tag, expected) => {
    expect(isLatest(tag)).toBe(expected)
  })
})

describe("tags that are to be set", () => {
  const both = (registry: MemoryRegistry, salt: string, ...tags: string[]) => publishImage(registry, { salt, tags })
  const plan = (registry: MemoryRegistry, to: string, tags: readonly string[], force = false) =>
    planTags(
      registry,
      tags.map((tag) => ({ repository: REPOSITORY, tag, to })),
      force,
    )

  it("are told with the digests that they point to before and after", async () => {
    const registry = new MemoryRegistry()
    const old = both(registry, "old", "latest", "1.2")
    const to = both(registry, "new", "1.2.3")
    expect(await plan(registry, to, ["1.2.4", "1.2.3", "1.2", "latest"])).toEqual([
      { repository: REPOSITORY, tag: "1.2.4", from: undefined, to, back: "force" },
      { repository: REPOSITORY, tag: "1.2.3", from: to, to, back: "force" },
      { repository: REPOSITORY, tag: "1.2", from: old, to, back: "free" },
      { repository: REPOSITORY, tag: "latest", from: old, to, back: "free" },
    ])
    expect(registry.writes).toEqual([])
  })

  it("may be planned before the registry has the image", async () => {
    const registry = new MemoryRegistry()
    const old = both(registry, "old", "latest")
    const to = `sha256:${"e".repeat(64)}`
    const wanted = { repository: REPOSITORY, tag: "latest", to }
    expect(await planTags(registry, [{ ...wanted, platforms: [AMD, ARM] }], false)).toMatchObject([{ from: old, to }])
    expect(await refusal(planTags(registry, [{ ...wanted, platforms: [ARM] }], false))).toMatchObject({
      code: "TAG_LOSES_PLATFORM",
    })
  })

  it("do not move if they name a version, unless that is forced", async () => {
    const registry = new MemoryRegistry()
    both(registry, "old", "1.2.3", "chrome-1.2.3-act", "latest")
    const to = both(registry, "new")
    expect(await refusal(plan(registry, to, ["1.2.3", "latest"]))).toEqual({
      code: "TAG_TAKEN",
      text: [
        "ghcr.io/owner/runner:1.2.3 points to A, not to B. No tag was set.",
        "A tag with a whole version never points to another image, because people pin it. Choose a new version or a tag that says more, such as {version}-{date} or {runner}-{date}; --force moves it all the same.",
      ].join("\n"),
    })
    expect(await refusal(plan(registry, to, ["1.2.3", "chrome-1.2.3-act"]))).toMatchObject({
      text: expect.stringContaining(
        [
          "2 tags cannot be set, and no tag was set:",
          "ghcr.io/owner/runner:1.2.3 points to A, not to B",
          "ghcr.io/owner/runner:chrome-1.2.3-act points to A, not to B",
        ].join("\n"),
      ) as string,
    })
    expect(await refusal(plan(registry, to, ["1.2.3", "chrome-1.2.3-act"], true))).toBe("set")
  })

  it.each([
    ["an index for fewer platforms", { platforms: [AMD] }],
    ["a single platform's manifest", { platforms: [AMD], bare: true }],
    ["another platform", { platforms: [AMD, "linux/riscv64"] }],
  ] as const)("do not lose a platform to %s", async (_, image) => {
    const registry = new MemoryRegistry()
    both(registry, "old", "latest", "latest-act", "chrome-latest", "edge")
    const to = publishImage(registry, { salt: "new", ...image })
    expect(await refusal(plan(registry, to, ["edge"]))).toEqual({
      code: "TAG_LOSES_PLATFORM",
      text: [
        "ghcr.io/owner/runner:edge is for linux/amd64 and linux/arm64, and the new image is not for linux/arm64. No tag was set.",
        "Publish all platforms together; --force moves the tag all the same.",
      ].join("\n"),
    })
    expect(await refusal(plan(registry, to, ["edge"], true))).toBe("set")
    for (const tag of ["latest", "latest-act", "chrome-latest"])
      for (const force of [false, true])
        expect(await refusal(plan(registry, to, ["new", tag], force))).toMatchObject({
          code: "TAG_LOSES_PLATFORM",
          text: expect.stringContaining("--force does not change that.") as string,
        })
  })

  it("keep the platforms that an older tool spelt with its variant, or did not name at all", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { platforms: [AMD, "linux/arm64/v8"], tags: ["latest"] })
    publishImage(registry, { platforms: [ARM], bare: true, tags: ["arm"] })
    const to = both(registry, "new")
    expect(await refusal(plan(registry, to, ["latest", "arm"]))).toBe("set")
    const amd = publishImage(registry, { platforms: [AMD], salt: "amd" })
    expect(await refusal(plan(registry, amd, ["arm"]))).toMatchObject({ code: "TAG_LOSES_PLATFORM" })
  })

  it("lose nothing with what is no platform: an attestation of buildx, an artifact", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { platforms: [AMD, ARM, "unknown/unknown"], tags: ["latest"] })
    registry.put(
      REPOSITORY,
      {
        schemaVersion: 2,
        artifactType: "application/x",
        config: {
          mediaType: "application/vnd.oci.empty.v1+json",
          digest: registry.blobOf("{}"),
          size: 2,
        },
      },
      "thing",
    )
    expect(await refusal(plan(registry, both(registry, "new"), ["latest", "thing"]))).toBe("set")
  })
})

describe("before the build", () => {
  const from = { digest: `sha256:${"a".repeat(64)}`, platforms: [AMD, ARM] }
  const tags = [
    { repository: REPOSITORY, tag: "1.2.3", from },
    { repository: REPOSITORY, tag: "1.2.4", from: undefined },
    { repository: REPOSITORY, tag: "latest", from },
  ]

  it("it is said that a version exists, which is no error yet", () => {
    const lines = (force: boolean) => checkBeforeBuild(tags, [AMD, ARM], force).map((line) => named(line))
    expect(lines(false)).toEqual([
      "ghcr.io/owner/runner:1.2.3 exists and points to A: publishing it again is refused unless the build makes the same image",
    ])
    expect(lines(true)).toEqual(["ghcr.io/owner/runner:1.2.3 exists and points to A: --force moves it"])
  })

  it("it is an error that latest would lose a platform", async () => {
    const attempt = async () => Promise.resolve(checkBeforeBuild(tags, [ARM], true))
    expect(await refusal(attempt())).toMatchObject({
      code: "TAG_LOSES_PLATFORM",
      text: expect.stringContaining("and the new image is not for linux/amd64. No tag was set.") as string,
    })
  })
})
