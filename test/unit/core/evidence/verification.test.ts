import { beforeAll, describe, expect, it } from "vitest"
import type { StatementSigner } from "../../../../dagger/src/core/evidence/evidence.js"
import { EVIDENCE_TYPES, type EvidenceKind } from "../../../../dagger/src/core/evidence/kinds.js"
import { REPORT_MEDIA_TYPE } from "../../../../dagger/src/core/evidence/referrer.js"
import type { Referrer } from "../../../../dagger/src/core/oci/referrer.js"
import { keyTrust } from "../../../../dagger/src/core/evidence/trust.js"
import { verifyImage, type Demands, type Verification } from "../../../../dagger/src/core/evidence/verification.js"
import { blobPath, canonicalJson } from "../../../../dagger/src/core/oci/documents.js"
import { FAILED, INCONCLUSIVE, PASSED } from "../report/reports.js"
import { billedEntry } from "../sbom/seeded-report.js"
import { REPOSITORY } from "./evidenced.js"
import { newSigner, published, type PublishedLayout } from "./published.js"

const PLATFORMS = ["linux/amd64", "linux/arm64"]

let sign: StatementSigner
let publicKey: string
let other: { sign: StatementSigner; publicKey: string }

beforeAll(() => {
  ;({ sign, publicKey } = newSigner())
  other = newSigner("ed25519")
})

async function verify(layout: PublishedLayout, change: Partial<Demands> = {}, name?: string): Promise<Verification> {
  const trust = keyTrust(publicKey, "cosign.pub")
  return verifyImage(await layout.read(name), { trust, repository: REPOSITORY, platforms: PLATFORMS, ...change })
}

/** What is wrong, in the order in which it is examined. */
function wrong({ findings, verified }: Verification, of?: RegExp): string[] {
  const failed = findings.filter(({ verdict }) => verdict === "failed")
  expect(verified).toBe(failed.length === 0)
  return failed
    .filter(({ examined }) => of === undefined || of.test(examined))
    .map(({ subject, examined, reason }) => `${subject} ${examined}: ${reason}`)
}

const is = (kind: EvidenceKind, { annotations }: Referrer) =>
  Object.values(annotations).includes(EVIDENCE_TYPES[kind].predicateType)

/** All of the evidence but one. */
const without = (subject: "index" | "amd64" | "arm64", kind: EvidenceKind) =>
  published({
    sign,
    attached: (all, digests) => all.filter((one) => !(one.subject === digests[subject] && is(kind, one))),
  })

/** Evidence of which one has another content. */
const changed = (subject: "index" | "amd64" | "arm64", kind: EvidenceKind, change: (content: string) => string) =>
  published({
    sign,
    attached: (all, digests) =>
      all.map((one) =>
        one.subject === digests[subject] && is(kind, one) ? { ...one, content: change(one.content) } : one,
      ),
  })

describe("an image that is as it was signed", () => {
  it("is verified, with everything about it", async () => {
    const { layout, digests } = await published({ sign })
    const verification = await verify(layout)
    expect(verification).toMatchObject({ digest: digests.index, verified: true })
    const { findings } = verification
    expect(findings.map(({ subject, examined }) => `${subject} ${examined}`)).toMatchInlineSnapshot(`
      [
        "index contents",
        "index platforms",
        "index signature",
        "index provenance",
        "index tests",
        "index report",
        "linux/amd64 contents",
        "linux/amd64 signature",
        "linux/amd64 provenance",
        "linux/amd64 tests",
        "linux/amd64 spdx",
        "linux/amd64 cyclonedx",
        "linux/arm64 contents",
        "linux/arm64 signature",
        "linux/arm64 provenance",
        "linux/arm64 tests",
        "linux/arm64 spdx",
        "linux/arm64 cyclonedx",
      ]
    `)
    const reason = (examined: string) => findings.find((one) => one.examined === examined)?.reason
    expect([reason("platforms"), reason("signature"), reason("tests"), reason("provenance")]).toMatchInlineSnapshot(`
      [
        "linux/amd64, linux/arm64",
        "about this image",
        "2 passed",
        "built by version 0.1.0 from an unknown place at an unknown commit, of 9 materials",
      ]
    `)
  })

  it("is verified by any of several keys, and whatever others attached", async () => {
    const { layout, evidence } = await published({ sign })
    const theirs = await published({ sign: other.sign })
    for (const referrer of theirs.evidence) layout.attach({ ...referrer, subject: evidence[0]?.subject ?? "" })
    layout.attach({ ...(evidence[0] as Referrer), content: "{", mediaType: "text/plain", artifactType: "text/plain" })
    expect(wrong(await verify(layout))).toEqual([])
    const trust = keyTrust(`${other.publicKey}${publicKey}`, "keys.pub")
    expect(wrong(await verify(layout, { trust }))).toEqual([])
  })

  it("is verified by its digest, alone for one platform, and with fewer platforms than it has", async () => {
    const { layout, digests } = await published({ sign })
    expect(wrong(await verify(layout, {}, `@${digests.index}`))).toEqual([])
    expect(wrong(await verify(layout, { platforms: ["linux/arm64"] }))).toEqual([])
    expect(wrong(await verify(layout, { platforms: undefined }))).toEqual([])
    const one = await verify(layout, { platforms: undefined }, `@${digests.arm64}`)
    expect(wrong(one)).toEqual([])
    expect(new Set(one.findings.map(({ subject }) => subject))).toEqual(new Set(["linux/arm64", "image"]))
  })

  it("is verified in each of several repositories that it was published in", async () => {
    const { layout } = await published({ sign, repositories: [`${REPOSITORY}-chrome`, REPOSITORY] })
    expect(wrong(await verify(layout))).toEqual([])
    expect(wrong(await verify(layout, { repository: `${REPOSITORY}-chrome` }))).toEqual([])
  })

  it("is verified if a check had no answer, and says so", async () => {
    const report = async (checks: (typeof PASSED)[]) => {
      const { digests } = await published({ sign })
      const platforms = [
        billedEntry("linux/amd64", { digest: digests.amd64, checks }),
        billedEntry("linux/arm64", { digest: digests.arm64 }),
      ]
      return published({ sign, report: { platforms } })
    }
    const { layout } = await report([PASSED, INCONCLUSIVE])
    const { findings, verified } = await verify(layout)
    expect(verified).toBe(true)
    expect(findings.filter(({ examined }) => examined === "tests").map(({ reason }) => reason)).toEqual([
      "2 passed, 1 without an answer",
      "1 passed, 1 without an answer",
      "1 passed",
    ])
  })
})

describe("an image is not verified", () => {
  it("if the index was changed", async () => {
    const { layout, digests } = await published({ sign })
    const path = blobPath(digests.index)
    layout.files.set(path, (layout.files.get(path) ?? "").replace('"schemaVersion":2', '"schemaVersion": 2'))
    expect(wrong(await verify(layout, {}, `@${digests.index}`))).toEqual([
      expect.stringMatching(/^index contents: it was changed: its digest is sha256:[0-9a-f]{64}$/),
    ])
  })

  it("if the image of a platform was changed", async () => {
    const { layout, digests } = await published({ sign })
    const path = blobPath(digests.arm64)
    layout.files.set(path, `${layout.files.get(path) ?? ""} `)
    expect(wrong(await verify(layout))).toEqual([
      expect.stringMatching(/^linux\/arm64 contents: it was changed: its digest is sha256:[0-9a-f]{64}$/),
    ])
    layout.files.delete(path)
    expect(wrong(await verify(layout))).toEqual(["linux/arm64 contents: its manifest is missing"])
  })

  it("if a configuration was changed, or is missing", async () => {
    const { layout, digests } = await published({ sign })
    const { config } = JSON.parse(layout.files.get(blobPath(digests.amd64)) ?? "") as { config: { digest: string } }
    const path = blobPath(config.digest)
    layout.files.set(path, (layout.files.get(path) ?? "").replace("linux", "minix"))
    expect(wrong(await verify(layout))).toEqual(["linux/amd64 contents: its configuration was changed"])
    layout.files.delete(path)
    expect(wrong(await verify(layout))).toEqual(["linux/amd64 contents: its configuration is missing"])
  })

  it("if it was replaced as a whole: nothing is about the new one", async () => {
    const { layout } = await published({ sign })
    const images = [layout.image("amd64", "another layer"), layout.image("arm64")]
    layout.name(layout.index(images), "replaced")
    expect(wrong(await verify(layout, {}, ":replaced"))).toEqual([
      "index signature: it has no signature",
      "index provenance: it has no provenance",
      "index tests: it has no test results",
      "index report: no valid test results name it",
      "linux/amd64 signature: it has no signature",
      "linux/amd64 provenance: it has no provenance",
      "linux/amd64 tests: it has no test results",
      "linux/amd64 spdx: it has no bill of materials in SPDX",
      "linux/amd64 cyclonedx: it has no bill of materials in CycloneDX",
    ])
  })

  it("by another key", async () => {
    const { layout } = await published({ sign })
    const found = wrong(await verify(layout, { trust: keyTrust(other.publicKey, "cosign.pub") }))
    expect(found).toHaveLength(14)
    expect(found[0]).toMatch(/^index signature: another key signed it \(.{44}\)$/)
  })

  it("if a platform is missing, is there twice, or is another one's image", async () => {
    const { layout, digests } = await published({ sign })
    const [amd64, arm64] = [layout.descriptor(digests.amd64), layout.descriptor(digests.arm64)]
    const of = (architecture: string) => ({ platform: { os: "linux", architecture } })
    layout.name(layout.index([{ ...amd64, ...of("amd64") }]), "single")
    expect(wrong(await verify(layout, {}, ":single"), /platforms|contents/)).toEqual([
      "index platforms: it has no image for linux/arm64",
    ])
    layout.name(
      layout.index([arm64, arm64, amd64].map((one, at) => ({ ...one, ...of(at < 2 ? "arm64" : "amd64") }))),
      "twice",
    )
    expect(wrong(await verify(layout, {}, ":twice"), /platforms|contents/)).toEqual([
      "index platforms: it has several images for linux/arm64",
    ])
    layout.name(
      layout.index([
        { ...amd64, ...of("arm64") },
        { ...arm64, ...of("amd64") },
      ]),
      "swapped",
    )
    expect(wrong(await verify(layout, {}, ":swapped"), /platforms|contents/)).toEqual([
      "linux/arm64 contents: it is an image for linux/amd64",
      "linux/amd64 contents: it is an image for linux/arm64",
    ])
  })

  it("if it is the image of one platform, though validly signed, where several are demanded", async () => {
    const { layout, digests } = await published({ sign })
    expect(wrong(await verify(layout, {}, `@${digests.amd64}`))).toEqual([
      "image platforms: it has no image for linux/arm64",
    ])
    expect(wrong(await verify(layout, { platforms: ["linux/amd64"] }, `@${digests.amd64}`))).toEqual([])
  })

  it("if a platform's image is not signed", async () => {
    const { layout } = await published({
      sign,
      attached: (all, { arm64 }) => all.filter(({ subject }) => subject !== arm64),
    })
    expect(wrong(await verify(layout), /signature/)).toEqual(["linux/arm64 signature: it has no signature"])
  })

  it.each([
    ["index", "signature", "index signature: it has no signature"],
    ["index", "provenance", "index provenance: it has no provenance"],
    ["amd64", "signature", "linux/amd64 signature: it has no signature"],
    ["amd64", "spdx", "linux/amd64 spdx: it has no bill of materials in SPDX"],
    ["arm64", "cyclonedx", "linux/arm64 cyclonedx: it has no bill of materials in CycloneDX"],
    ["arm64", "provenance", "linux/arm64 provenance: it has no provenance"],
    ["amd64", "tests", "linux/amd64 tests: it has no test results"],
  ] as const)("if %s has no %s", async (subject, kind, message) => {
    const { layout } = await without(subject, kind)
    expect(wrong(await verify(layout))).toEqual([message])
  })

  it("if the index has no test results, which would also name the report", async () => {
    const { layout } = await without("index", "tests")
    expect(wrong(await verify(layout))).toEqual([
      "index tests: it has no test results",
      "index report: no valid test results name it",
    ])
  })

  it("if the report is missing, or is another one", async () => {
    const attach = (attached: (all: Referrer[]) => Referrer[]) => published({ sign, attached })
    const missing = await attach((all) => all.filter(({ mediaType }) => mediaType !== REPORT_MEDIA_TYPE))
    expect(wrong(await verify(missing.layout))).toEqual(["index report: it has no report"])
    const another = await attach((all) =>
      all.map((one) => (one.mediaType === REPORT_MEDIA_TYPE ? { ...one, content: "{}" } : one)),
    )
    expect(wrong(await verify(another.layout))).toEqual(["index report: it is not the one that the test results name"])
  })

  it("if a bill of materials was changed, with its digests", async () => {
    const { layout } = await changed("amd64", "spdx", (content) => {
      const bundle = JSON.parse(content) as { dsseEnvelope: { payload: string } }
      const statement = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString().replace("2.46.0-3", "2.46.0-4")
      return JSON.stringify({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload: btoa(statement) } })
    })
    expect(wrong(await verify(layout))).toEqual(["linux/amd64 spdx: its signature does not fit its content"])
  })

  it("if a bill of materials was changed, and its digest was not, or its content is gone", async () => {
    const { layout, evidence, digests } = await published({ sign })
    const bill = evidence.find((one) => one.subject === digests.arm64 && is("cyclonedx", one))
    const path = [...layout.files].find(([, text]) => text === bill?.content)?.[0] ?? ""
    layout.files.set(path, `${bill?.content ?? ""} `)
    expect(wrong(await verify(layout))).toEqual(["linux/arm64 cyclonedx: its content was changed"])
    layout.files.delete(path)
    expect(wrong(await verify(layout))).toEqual(["linux/arm64 cyclonedx: its content is missing"])
  })

  it("by evidence of the other platform, or of another image", async () => {
    const swapped = await published({
      sign,
      attached: (all, { amd64, arm64 }) =>
        all.map((one) => (is("spdx", one) ? { ...one, subject: one.subject === amd64 ? arm64 : amd64 } : one)),
    })
    const { amd64, arm64 } = swapped.digests
    expect(wrong(await verify(swapped.layout))).toEqual([
      `linux/amd64 spdx: it is about another image (${arm64})`,
      `linux/arm64 spdx: it is about another image (${amd64})`,
    ])
    const old = await published({ sign, layer: "an old layer" })
    const borrowed = await published({
      sign,
      attached: (all, digests) => [
        ...all.filter((one) => one.subject !== digests.amd64),
        ...old.evidence
          .filter((one) => one.subject === old.digests.amd64)
          .map((one) => ({ ...one, subject: digests.amd64 })),
      ],
    })
    expect(wrong(await verify(borrowed.layout))).toEqual(
      ["signature", "provenance", "tests", "spdx", "cyclonedx"].map(
        (kind) => `linux/amd64 ${kind}: it is about another image (${old.digests.amd64})`,
      ),
    )
  })

  it("by evidence that a list of referrers names, and that refers to another image", async () => {
    const { layout, digests } = await published({ sign })
    const entries = JSON.parse(layout.files.get("index.json") ?? "") as { manifests: { digest: string }[] }
    const about = (digest: string) =>
      entries.manifests.filter((entry) =>
        (layout.files.get(blobPath(entry.digest)) ?? "").includes(`"subject":{"digest":"${digest}"`),
      )
    const list = canonicalJson({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: about(digests.amd64),
    })
    layout.name(layout.blob("application/vnd.oci.image.index.v1+json", list), digests.arm64.replace(":", "-"))
    expect(wrong(await verify(layout), /spdx/)).toEqual([
      `linux/arm64 spdx: it refers to another image (${digests.amd64})`,
    ])
  })

  it("of another repository", async () => {
    const { layout } = await published({
      sign,
      repositories: ["ghcr.io/owner/nightly", "ghcr.io/owner/nightly-chrome"],
    })
    const found = wrong(await verify(layout))
    expect(found).toHaveLength(14)
    expect(found[0]).toBe(
      "index signature: it is of another repository (ghcr.io/owner/nightly, ghcr.io/owner/nightly-chrome)",
    )
  })

  it("of which nothing says the repository, but only that cannot be said", async () => {
    const { layout } = await published({ sign, repositories: [] })
    const { findings, verified } = await verify(layout)
    expect(verified).toBe(true)
    expect(findings.find(({ examined }) => examined === "signature")?.reason).toMatch(
      /, without the name of a repository$/,
    )
  })

  it.each([
    ["is no JSON", () => "{", "it is damaged: it is not a bundle of sigstore"],
    ["is another document", () => "{}", "it is damaged: it is not a bundle of sigstore"],
    [
      "lacks its signature",
      (text: string) => text.replace(/"sig":"[^"]+"/, '"sig":""'),
      "it is damaged: it is not a bundle of sigstore",
    ],
    [
      "has another's signature",
      (text: string) => text.replace(/"sig":"[^"]{8}/, '"sig":"MEUCIQCA'),
      "its signature does not fit its content",
    ],
    [
      "claims another key",
      (text: string) => text.replace(/"hint":"[^"]+"/, '"hint":"bm9uZQ=="'),
      "another key signed it (bm9uZQ==)",
    ],
    [
      "signs something else",
      (text: string) => text.replace("application/vnd.in-toto+json", "text/plain"),
      "it signs text/plain, not a statement",
    ],
  ])("if a bundle %s", async (_, change, message) => {
    const { layout } = await changed("amd64", "signature", change)
    expect(wrong(await verify(layout))).toEqual([`linux/amd64 signature: ${message}`])
  })

  it("if a signed text is no statement, or not of the kind that it says", async () => {
    const text = await sign('{"hello":"world"}')
    expect(wrong(await verify((await changed("arm64", "spdx", () => text)).layout))).toEqual([
      expect.stringMatching(/^linux\/arm64 spdx: it is no statement: /),
    ])
    for (const [kind, problem] of [
      ["spdx", "it is no document of SPDX"],
      ["cyclonedx", "it is no document of CycloneDX"],
      ["provenance", "it has not the form of provenance"],
      ["tests", "it has not the form of test results"],
    ] as const) {
      const { digests } = await published({ sign })
      const statement = {
        _type: "https://in-toto.io/Statement/v1",
        subject: [{ digest: { sha256: digests.arm64.replace("sha256:", "") } }],
        predicateType: EVIDENCE_TYPES[kind].predicateType,
        predicate: {},
      }
      const bundle = await sign(JSON.stringify(statement))
      expect(wrong(await verify((await changed("arm64", kind, () => bundle)).layout))).toEqual([
        `linux/arm64 ${kind}: ${problem}`,
      ])
    }
  })

  it("if evidence is attached, but nothing signs it", async () => {
    const { layout } = await published({})
    expect(wrong(await verify(layout), /spdx|signature/)).toEqual([
      "index signature: it has no signature",
      "linux/amd64 signature: it has no signature",
      "linux/amd64 spdx: it is attached, but nothing signs it",
      "linux/arm64 signature: it has no signature",
      "linux/arm64 spdx: it is attached, but nothing signs it",
    ])
  })

  it("if a test failed, even if others attached results that passed", async () => {
    const { digests, evidence } = await published({ sign })
    const platforms = [
      billedEntry("linux/amd64", { digest: digests.amd64 }),
      billedEntry("linux/arm64", { digest: digests.arm64, checks: [PASSED, FAILED] }),
    ]
    const { layout } = await published({ sign, report: { platforms } })
    const expected = [
      "index tests: tests failed: linux/arm64 elf/architecture",
      "linux/arm64 tests: tests failed: elf/architecture",
    ]
    expect(wrong(await verify(layout), /tests/)).toEqual(expected)
    for (const referrer of evidence) if (is("tests", referrer)) layout.attach(referrer)
    expect(wrong(await verify(layout), /tests/)).toEqual(expected)
  })
})

describe("a key to verify with is refused", () => {
  it.each([
    ["that is private", async () => (await import("./cosign-keys.js")).COSIGN_KEY.privateKey],
    ["that is no PEM", () => Promise.resolve("ssh-ed25519 AAAA")],
    ["that is damaged", () => Promise.resolve(publicKey.replace(/\n.{20}/, "\n"))],
    [
      "of RSA",
      async () => {
        const { generateKeyPairSync } = await import("node:crypto")
        return generateKeyPairSync("rsa", { modulusLength: 2048 })
          .publicKey.export({ format: "pem", type: "spki" })
          .toString()
      },
    ],
  ])("%s", async (_, pem) => {
    const text = await pem()
    expect(() => keyTrust(text, "cosign.pub")).toThrowErrorMatchingSnapshot()
  })
})
