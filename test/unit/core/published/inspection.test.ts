import { describe, expect, it } from "vitest"
import { compareBuilds } from "../../../../dagger/src/core/diff/diff.js"
import { publishedBuild } from "../../../../dagger/src/core/published/build.js"
import { REPORT_MEDIA_TYPE } from "../../../../dagger/src/core/evidence/referrer.js"
import { planCleanup } from "../../../../dagger/src/core/published/cleanup.js"
import { inspect } from "../../../../dagger/src/core/published/inspection.js"
import { promote } from "../../../../dagger/src/core/published/promotion.js"
import { surveyOf } from "../../../../dagger/src/core/published/survey.js"
import { cleanupText, inspectionText, promotionText } from "../../../../src/output/published.js"
import type { Report } from "../../../../dagger/src/core/report/report.js"
import { platformReport, report } from "../report/reports.js"
import { MemoryRegistry, named, publishImage, REPOSITORY } from "./memory-registry.js"

const NOW = new Date("2026-11-30T20:00:00Z")
const LABELS = {
  "org.opencontainers.image.title": "runner",
  "org.opencontainers.image.version": "0.1.0",
  "org.opencontainers.image.source": "https://git.example.com/owner/runner",
  "org.opencontainers.image.revision": "0123456789abcdef",
  "org.opencontainers.image.base.name": "docker.io/library/debian:trixie-slim",
  "com.github.runner.type": "standard",
  "com.github.runner.kind": "act",
  "com.github.runner.version": "0.13.0-act",
  "com.github.runner.sudo": "true",
  "com.github.runner.sources": '{"node":"registry"}',
}
const SPDX = "application/spdx+json"
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
const bundle = (subject: string, predicateType: string, content = predicateType) => ({
  subject,
  artifactType: BUNDLE,
  mediaType: BUNDLE,
  annotations: { "dev.sigstore.bundle.predicateType": predicateType },
  content,
})
const short = (text: string) => named(text.replaceAll(/sha256:[0-9a-f]{12}(?![0-9a-f])/g, "sha256:…"))

async function childrenOf(registry: MemoryRegistry, digest: string): Promise<string[]> {
  const text = (await registry.find(REPOSITORY, `@${digest}`)) ?? ""
  return (JSON.parse(text) as { manifests: { digest: string }[] }).manifests.map((child) => child.digest)
}

/** A published image with its report, and what is about it. */
async function published(salt = "a", change: Partial<Report> = {}, tags = ["1.0.0-sudo-act"]) {
  const registry = new MemoryRegistry()
  const index = await publishInto(registry, salt, change, tags)
  return { registry, index }
}

async function publishInto(registry: MemoryRegistry, salt: string, change: Partial<Report>, tags: string[]) {
  const index = publishImage(registry, { salt, created: "2026-11-28T23:00:00Z", labels: LABELS, tags })
  const children = await childrenOf(registry, index)
  const platforms = ["linux/amd64", "linux/arm64"].map((name, place) => ({
    ...platformReport(name, { digest: children[place] ?? "" }),
    ...change.platforms?.[place],
  }))
  const content = JSON.stringify(
    report({ index, ...change, platforms: platforms.map((one, place) => ({ ...one, digest: children[place] })) }),
  )
  await registry.attach(REPOSITORY, {
    subject: index,
    artifactType: REPORT_MEDIA_TYPE,
    mediaType: REPORT_MEDIA_TYPE,
    annotations: {},
    content,
  })
  return index
}

describe("inspect", () => {
  it("says what an image is, for programs", async () => {
    const { registry, index } = await published()
    const [amd = "", arm = ""] = await childrenOf(registry, index)
    await registry.attach(REPOSITORY, bundle(index, "https://slsa.dev/provenance/v1"))
    for (const child of [amd, arm])
      await registry.attach(REPOSITORY, bundle(child, "https://sigstore.dev/cosign/sign/v1", child))
    await registry.attach(REPOSITORY, {
      subject: arm,
      artifactType: SPDX,
      mediaType: SPDX,
      annotations: {},
      content: "{}",
    })
    await registry.attach(REPOSITORY, bundle(arm, "https://example.com/of-others"))
    const found = await inspect(registry, { repository: REPOSITORY, name: ":1.0.0-sudo-act" }, NOW)
    expect(JSON.parse(named(JSON.stringify(found)))).toMatchInlineSnapshot(`
      {
        "ageDays": 1,
        "attestations": [
          {
            "digest": "H",
            "kind": "provenance",
            "signed": true,
          },
          {
            "digest": "I",
            "kind": "report",
            "signed": false,
          },
        ],
        "base": {
          "name": "docker.io/library/debian:trixie-slim",
        },
        "created": "2026-11-28T23:00:00Z",
        "image": "ghcr.io/owner/runner@A",
        "index": true,
        "moves": [],
        "options": [
          "sudo",
        ],
        "platforms": [
          {
            "attestations": [
              {
                "digest": "C",
                "kind": "signature",
                "signed": true,
              },
            ],
            "compressedBytes": 280000000,
            "digest": "B",
            "layers": 2,
            "platform": "linux/amd64",
            "tools": [
              {
                "name": "node",
                "version": "24.1.0",
              },
            ],
          },
          {
            "attestations": [
              {
                "digest": "E",
                "kind": "SPDX",
                "signed": false,
              },
              {
                "digest": "F",
                "kind": "https://example.com/of-others",
                "signed": true,
              },
              {
                "digest": "G",
                "kind": "signature",
                "signed": true,
              },
            ],
            "compressedBytes": 280000000,
            "digest": "D",
            "layers": 2,
            "platform": "linux/arm64",
            "tools": [
              {
                "name": "node",
                "version": "24.1.0",
              },
            ],
          },
        ],
        "runner": {
          "kind": "act",
          "version": "0.13.0-act",
        },
        "schemaVersion": 1,
        "source": {
          "revision": "0123456789abcdef",
          "url": "https://git.example.com/owner/runner",
        },
        "sources": {
          "node": "registry",
        },
        "title": "runner",
        "variant": "standard",
        "version": "0.1.0",
      }
    `)
    expect(await inspect(registry, { repository: REPOSITORY, name: `@${index}` }, NOW)).toEqual(found)
  })

  it("says it for people", async () => {
    const { registry, index } = await published()
    publishImage(registry, { salt: "before", tags: ["latest-sudo-act"] })
    await registry.attach(REPOSITORY, bundle(index, "https://slsa.dev/provenance/v1"))
    const options = { force: false, now: () => new Date("2026-11-30T12:00:00Z") }
    await promote(registry, { repository: REPOSITORY, name: `@${index}`, tags: ["latest-sudo-act"] }, options)
    const found = await inspect(registry, { repository: REPOSITORY, name: ":latest-sudo-act" }, NOW)
    expect(short(inspectionText(found))).toMatchInlineSnapshot(`
      "image: ghcr.io/owner/runner@A
      title: runner
      version: 0.1.0
      variant: standard
      runner: 0.13.0-act, act
      options: sudo
      created: 2026-11-28T23:00:00Z, 1 day ago
      source: https://git.example.com/owner/runner at 0123456789abcdef
      base: docker.io/library/debian:trixie-slim
      sources: node from registry
      about the index: provenance, report
      ┌─────────────┬─────────────────────┬────────────┬────────┬──────────────┐
      │ platform    │ digest              │ compressed │ layers │ attestations │
      ├─────────────┼─────────────────────┼────────────┼────────┼──────────────┤
      │ linux/amd64 │ sha256:… │ 280.0 MB   │ 2      │ none         │
      │ linux/arm64 │ sha256:… │ 280.0 MB   │ 2      │ none         │
      └─────────────┴─────────────────────┴────────────┴────────┴──────────────┘
      ┌──────┬─────────────┬─────────────┐
      │ tool │ linux/amd64 │ linux/arm64 │
      ├──────┼─────────────┼─────────────┤
      │ node │ 24.1.0      │ 24.1.0      │
      └──────┴─────────────┴─────────────┘
      latest-sudo-act pointed to B until 2026-11-30T12:00:00.000Z (promote)"
    `)
  })

  it("reads what others have published: a single platform's image without labels, and no attestation as a platform", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { platforms: ["linux/amd64"], bare: true, tags: ["bare"] })
    const bare = await inspect(registry, { repository: REPOSITORY, name: ":bare" }, NOW)
    expect(bare).toMatchObject({
      index: false,
      options: [],
      attestations: [],
      platforms: [{ platform: "linux/amd64", compressedBytes: 280_000_000, layers: 2 }],
    })
    expect(inspectionText(bare).split("\n")[0]).toBe(`image: ${bare.image}`)
    publishImage(registry, { salt: "b", platforms: ["linux/amd64", "unknown/unknown"], tags: ["buildx"] })
    const { platforms } = await inspect(registry, { repository: REPOSITORY, name: ":buildx" }, NOW)
    expect(platforms.map(({ platform }) => platform)).toEqual(["linux/amd64"])
  })

  it("ignores a report that is another image's, or cannot be read", async () => {
    const { registry, index } = await published("a", { platforms: [] })
    const other = publishImage(registry, { salt: "other", tags: ["2.0.0"] })
    const [attached] = await registry.referrers(REPOSITORY, index)
    const text = JSON.parse((await registry.find(REPOSITORY, `@${attached?.digest ?? ""}`)) ?? "") as {
      layers: { digest: string }[]
    }
    const content = await registry.blob(REPOSITORY, text.layers[0]?.digest ?? "")
    const artifact = { artifactType: REPORT_MEDIA_TYPE, mediaType: REPORT_MEDIA_TYPE, annotations: {} }
    await registry.attach(REPOSITORY, { ...artifact, subject: other, content })
    const broken = publishImage(registry, { salt: "broken", tags: ["3.0.0"] })
    await registry.attach(REPOSITORY, { ...artifact, subject: broken, content: "{" })
    for (const name of [":2.0.0", ":3.0.0"]) {
      const { platforms } = await inspect(registry, { repository: REPOSITORY, name }, NOW)
      expect(platforms.flatMap(({ tools = [] }) => tools)).toEqual([])
    }
  })

  it("shows nothing that a terminal obeys", async () => {
    const registry = new MemoryRegistry()
    const labels = { "org.opencontainers.image.title": "a\u001b[2J\nimage: b" }
    publishImage(registry, { labels, tags: ["x"] })
    const found = await inspect(registry, { repository: REPOSITORY, name: ":x" }, NOW)
    expect(inspectionText(found)).toContain("title: a\\u001b[2J image: b")
  })

  it("refuses what is not there, and what is no image", async () => {
    const registry = new MemoryRegistry()
    const index = publishImage(registry)
    await registry.attach(REPOSITORY, bundle(index, "x"))
    const [attached] = await registry.referrers(REPOSITORY, index)
    const attempt = (name: string) => inspect(registry, { repository: REPOSITORY, name }, NOW)
    await expect(attempt(":absent")).rejects.toMatchObject({ code: "IMAGE_MISSING" })
    await expect(attempt(`@${attached?.digest ?? ""}`)).rejects.toMatchObject({
      code: "IMAGE_MISSING",
      problem: expect.stringContaining("is not a container image") as string,
    })
  })
})

describe("two published images are compared by the reports that are attached to them", () => {
  it("and by their configuration", async () => {
    const { registry } = await published("a")
    const node = { name: "node", version: "24.2.0", source: "npm:node-linux@24.2.0" }
    const platforms = ["linux/amd64", "linux/arm64"].map((name) => platformReport(name, { tools: [node] }))
    await publishInto(registry, "b", { platforms }, ["1.0.1-sudo-act"])
    const [old, recent] = await Promise.all(
      [":1.0.0-sudo-act", ":1.0.1-sudo-act"].map((name) => publishedBuild(registry, { repository: REPOSITORY, name })),
    )
    if (!old || !recent) throw new Error("two builds were read")
    const diff = compareBuilds(old, recent)
    expect(JSON.stringify(diff)).toContain("24.2.0")
    expect(old.layout?.images.map(({ config }) => config.architecture)).toEqual(["amd64", "arm64"])
  })

  it("or refused where there is none, or it is not theirs", async () => {
    const { registry, index } = await published("a")
    publishImage(registry, { salt: "b", tags: ["2.0.0"] })
    await expect(publishedBuild(registry, { repository: REPOSITORY, name: ":2.0.0" })).rejects.toMatchObject({
      code: "DIFF_INVALID",
      problem: `${REPOSITORY}:2.0.0 cannot be compared: no report is attached to it.`,
    })
    const other = publishImage(registry, { salt: "c", tags: ["3.0.0"] })
    const content = JSON.stringify(report({ index }))
    const artifact = { artifactType: REPORT_MEDIA_TYPE, mediaType: REPORT_MEDIA_TYPE, annotations: {}, content }
    await registry.attach(REPOSITORY, { ...artifact, subject: other })
    await expect(publishedBuild(registry, { repository: REPOSITORY, name: ":3.0.0" })).rejects.toMatchObject({
      code: "DIFF_INVALID",
      problem: expect.stringContaining(`but the layout beside it has ${other}`) as string,
    })
  })
})

describe("answers for people", () => {
  it("of promote: what was set, what stays, and how to go back", async () => {
    const registry = new MemoryRegistry()
    publishImage(registry, { salt: "a", tags: ["latest"] })
    publishImage(registry, { salt: "b", tags: ["1.0.0"] })
    const how = { repository: REPOSITORY, name: ":1.0.0", tags: ["latest", "1.0.0", "edge"] }
    const options = { force: false, now: () => NOW }
    expect(named(promotionText(await promote(registry, how, { ...options, dryRun: true })))).toMatchInlineSnapshot(`
      "would be set: ghcr.io/owner/runner:edge, new, to A
      would be set: ghcr.io/owner/runner:latest, from B to A
      unchanged: 1.0.0 points to ghcr.io/owner/runner@A"
    `)
    expect(named(promotionText(await promote(registry, how, options)))).toMatchInlineSnapshot(`
      "set: ghcr.io/owner/runner:edge, new, to A
      set: ghcr.io/owner/runner:latest, from B to A
      unchanged: 1.0.0 points to ghcr.io/owner/runner@A
      To undo:
        runner-images rollback ghcr.io/owner/runner latest --to B"
    `)
  })

  it("of cleanup: what goes, what stays, and why", async () => {
    const registry = new MemoryRegistry()
    for (const number of [1, 2])
      publishImage(registry, {
        salt: String(number),
        created: `2026-11-0${String(number)}T00:00:00Z`,
        tags: [`1.0.${String(number)}`],
      })
    const plan = planCleanup(await surveyOf(registry, REPOSITORY), 1)
    expect(short(cleanupText(plan, true))).toMatchInlineSnapshot(`
      "┌──────────┬─────────────────────┬───────┬──────────────────────┬─────────────────────────────────────┐
      │          │ image               │ tags  │ created              │ because                             │
      ├──────────┼─────────────────────┼───────┼──────────────────────┼─────────────────────────────────────┤
      │ kept     │ sha256:… │ 1.0.2 │ 2026-11-02T00:00:00Z │ the newest of its series            │
      │ would go │ sha256:… │ 1.0.1 │ 2026-11-01T00:00:00Z │ older than the newest of its series │
      └──────────┴─────────────────────┴───────┴──────────────────────┴─────────────────────────────────────┘
      Would be deleted from ghcr.io/owner/runner: 1 image, 3 manifests with all that belongs to them."
    `)
    expect(
      short(cleanupText({ ...plan, deleted: [], deletions: [] }, false))
        .split("\n")
        .at(-1),
    ).toBe("Nothing in ghcr.io/owner/runner is to be deleted.")
  })
})
