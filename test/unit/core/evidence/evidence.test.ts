import { describe, expect, it } from "vitest"
import { evidenceOf } from "../../../../dagger/src/core/evidence/evidence.js"
import { artifactManifest, REPORT_MEDIA_TYPE } from "../../../../dagger/src/core/evidence/referrer.js"
import { parseStatement } from "../../../../dagger/src/core/evidence/statement.js"
import { sbomText } from "../../../../dagger/src/core/sbom/documents.js"
import { digestOf } from "../../../../dagger/src/core/oci/documents.js"
import { evidenced, REPOSITORY } from "./evidenced.js"

const INDEX = `sha256:${"0".repeat(64)}`
const AMD64 = `sha256:${"1".repeat(64)}`
const ARM64 = `sha256:${"2".repeat(64)}`

/** Returns what it is to sign. */
const echo = (statement: string) => Promise.resolve(statement)

/** What refers to which image, by the annotation about the predicate. */
async function attached(annotation: string, ...args: Parameters<typeof evidenceOf>) {
  const all = await evidenceOf(...args)
  return all.map(({ subject, annotations, artifactType }) => [subject, annotations[annotation] ?? artifactType])
}

describe("the evidence of a published image", () => {
  it("is a signature, bills, provenance and test results for each platform, and what is about all of them for the index", async () => {
    const kinds = (subject: string) =>
      [
        "https://sigstore.dev/cosign/sign/v1",
        "https://spdx.dev/Document",
        "https://cyclonedx.org/bom",
        "https://slsa.dev/provenance/v1",
        "https://in-toto.io/attestation/test-result/v0.1",
      ].map((kind) => [subject, kind])
    expect(await attached("dev.sigstore.bundle.predicateType", [evidenced()], echo)).toEqual([
      ...kinds(AMD64),
      ...kinds(ARM64),
      ...kinds(INDEX).filter(
        ([, kind]) => kind !== "https://spdx.dev/Document" && kind !== "https://cyclonedx.org/bom",
      ),
      [INDEX, REPORT_MEDIA_TYPE],
    ])
  })

  it("is the same without a signer, except that there are no signatures", async () => {
    const signed = await attached("dev.sigstore.bundle.predicateType", [evidenced()], echo)
    const unsigned = await attached("in-toto.io/predicate-type", [evidenced()])
    expect(unsigned).toEqual(signed.filter(([, kind]) => kind !== "https://sigstore.dev/cosign/sign/v1"))
  })

  it("has statements about exactly what it is attached to, with the repository's name", async () => {
    const all = await evidenceOf([evidenced()], echo)
    const statements = all.filter(({ artifactType }) => artifactType !== REPORT_MEDIA_TYPE)
    for (const { subject, content, annotations } of statements) {
      const statement = parseStatement(content, (why) => new Error(why))
      expect(statement.subject).toEqual([{ name: REPOSITORY, digest: { sha256: subject.replace("sha256:", "") } }])
      expect(statement.predicateType).toBe(annotations["dev.sigstore.bundle.predicateType"])
    }
    expect(statements).toHaveLength(13)
  })

  it("has the bills of materials that a build writes", async () => {
    const image = evidenced()
    const [entry] = image.report.platforms
    const [plain] = await evidenceOf([image])
    const [, signed] = await evidenceOf([image], echo)
    const text = entry && sbomText(image.report, entry, "spdx")
    expect(plain?.content).toBe(text)
    expect(parseStatement(signed?.content ?? "", Error).predicate).toEqual(JSON.parse(text ?? ""))
  })

  it("names the report by its digest in the index's test results", async () => {
    const image = evidenced()
    const all = await evidenceOf([image], echo)
    const results = all.find(({ subject, content }) => subject === INDEX && content.includes("test-result/v0.1"))
    const { predicate } = parseStatement(results?.content ?? "", Error)
    expect(predicate.configuration).toContainEqual({
      name: "report.json",
      digest: { sha256: digestOf(image.reportText).slice("sha256:".length) },
      mediaType: REPORT_MEDIA_TYPE,
    })
    expect(all.at(-1)?.content).toBe(image.reportText)
  })

  it("has the same bytes for the same report", async () => {
    expect(await evidenceOf([evidenced()], echo)).toEqual(await evidenceOf([evidenced()], echo))
  })

  it("asks for one signature at a time, and stops at the first that fails", async () => {
    let running = 0
    let asked = 0
    const failing = async () => {
      asked++
      expect(++running).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 1))
      running--
      if (asked === 3) throw new Error("no certificate")
      return "{}"
    }
    await expect(evidenceOf([evidenced()], failing)).rejects.toThrow("no certificate")
    expect(asked).toBe(3)
  })

  it("is refused for a build without images, and for a report without what is installed", async () => {
    const { index: _, ...without } = evidenced().report
    await expect(evidenceOf([{ ...evidenced(), report: without }])).rejects.toThrowErrorMatchingInlineSnapshot(
      `[RunnerImagesError: No evidence can be made of the report of standard: no images were written in that build. Build the images, and take the report of that. [REPORT_INVALID]]`,
    )
    const earlier = evidenced({ platforms: evidenced().report.platforms.map(({ installed: _, ...entry }) => entry) })
    await expect(evidenceOf([earlier])).rejects.toThrowErrorMatchingInlineSnapshot(
      `[RunnerImagesError: No bill of materials can be made of the report: it does not list what is installed, because an earlier version wrote it. Build the image with this version, and take the report of that. [REPORT_INVALID]]`,
    )
  })
})

it("an artifact's manifest has the form that cosign v3 writes", async () => {
  const [signature] = await evidenceOf([evidenced()], echo)
  const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: AMD64, size: 7 }
  expect(signature && JSON.parse(artifactManifest(signature, subject))).toMatchInlineSnapshot(`
    {
      "annotations": {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
        "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
      },
      "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
      "config": {
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "mediaType": "application/vnd.oci.empty.v1+json",
        "size": 2,
      },
      "layers": [
        {
          "digest": "sha256:c48ee57c7677bde1db31fb779ad7130260dd5479f257fee1e3a262babab80ac1",
          "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
          "size": 250,
        },
      ],
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "schemaVersion": 2,
      "subject": {
        "digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "size": 7,
      },
    }
  `)
})
