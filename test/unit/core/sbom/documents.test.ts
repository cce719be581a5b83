import { JsonStrictValidator } from "@cyclonedx/cyclonedx-library/Validation"
import { Version } from "@cyclonedx/cyclonedx-library/Spec"
import { afterEach, describe, expect, it, vi } from "vitest"
import { sbomFiles, sbomText } from "../../../../dagger/src/core/sbom/documents.js"
import { parseSbomFormat, SBOM_FORMATS, sbomPaths } from "../../../../dagger/src/core/sbom/formats.js"
import type { SpdxDocument } from "../../../../dagger/src/core/sbom/spdx.js"
import { BASE, billedEntry, billedReport, dpkg, INSTALLED, TOOLS } from "./seeded-report.js"

interface CycloneDx {
  serialNumber: string
  metadata: { timestamp: string; component: { version: string; "bom-ref": string } }
  components: { type: string; group?: string; name: string; version: string; purl: string }[]
  dependencies: { ref: string; dependsOn?: string[] }[]
}

const spdx = (report = billedReport(), entry = billedEntry()) =>
  JSON.parse(sbomText(report, entry, "spdx")) as SpdxDocument
const cyclonedx = (report = billedReport(), entry = billedEntry()) =>
  JSON.parse(sbomText(report, entry, "cyclonedx")) as CycloneDx

const url = ({ externalRefs: [reference] }: SpdxDocument["packages"][number]) => reference?.referenceLocator ?? ""

/** What CycloneDX's own schema says against a document. */
const invalid = (document: unknown) => new JsonStrictValidator(Version.v1dot6).validate(JSON.stringify(document))

afterEach(() => {
  vi.useRealTimers()
})

describe("documents of both formats", () => {
  it("list the same, and as much as is installed", () => {
    const [root, ...contents] = spdx().packages
    const { components } = cyclonedx()
    expect(contents.map(url)).toEqual(components.map(({ purl }) => purl))
    expect(root && url(root)).toBe(`pkg:oci/github-runner@sha256:${"1".repeat(64)}?arch=amd64`)
    // dpkg's list has gh; npm is a tool and a package of npm, and one package of npm is in two folders.
    expect(contents.length).toBe(INSTALLED.packages.length + TOOLS.length + INSTALLED.npm.length - 3)
  })

  it("are the same on any day, in whichever order things were found", () => {
    const texts = () => SBOM_FORMATS.map((format) => sbomText(billedReport(), billedEntry(), format))
    const before = texts()
    vi.useFakeTimers({ now: new Date("2040-05-06T07:08:09Z") })
    expect(texts()).toEqual(before)
    const { packages, npm } = INSTALLED
    const turned = billedEntry("linux/amd64", {
      tools: [...TOOLS].reverse(),
      installed: { packages: [...packages].reverse(), npm: [...npm].reverse() },
    })
    expect(SBOM_FORMATS.map((format) => sbomText(billedReport(), turned, format))).toEqual(before)
  })

  it("of another image have another name", () => {
    const other = billedEntry("linux/arm64")
    expect(spdx().documentNamespace).not.toBe(spdx(billedReport(), other).documentNamespace)
    expect(cyclonedx().serialNumber).not.toBe(cyclonedx(billedReport(), other).serialNumber)
  })

  it("of an image without anything are whole", async () => {
    const nothing = billedEntry("linux/amd64", { tools: [], installed: { packages: [], npm: [] } })
    expect(spdx(billedReport(), nothing).packages.length).toBe(1)
    expect(await invalid(cyclonedx(billedReport(), nothing))).toBeNull()
  })

  it("are written beside the report, with a line's end as all text files", () => {
    const files = sbomFiles(billedReport())
    expect(Object.keys(files)).toEqual([
      "sbom/linux-amd64.spdx.json",
      "sbom/linux-amd64.cdx.json",
      "sbom/linux-arm64.spdx.json",
      "sbom/linux-arm64.cdx.json",
    ])
    expect(Object.keys(files)).toEqual(sbomPaths(["linux/amd64", "linux/arm64"]))
    expect(files["sbom/linux-arm64.cdx.json"]).toBe(
      `${sbomText(billedReport(), billedEntry("linux/arm64"), "cyclonedx")}\n`,
    )
  })
})

describe("a document of SPDX", () => {
  it("says what it is about, when, and where the image's parts come from", () => {
    const { packages, relationships, ...head } = spdx()
    expect(head).toEqual({
      spdxVersion: "SPDX-2.3",
      dataLicense: "CC0-1.0",
      SPDXID: "SPDXRef-DOCUMENT",
      name: "github-runner-standard-linux-amd64",
      documentNamespace:
        "https://spdx.org/spdxdocs/github-runner-standard-linux-amd64-11111111-1111-8111-9111-111111111111",
      creationInfo: { created: "2026-01-02T03:04:05Z", creators: ["Tool: runner-images-0.1.0"] },
    })
    expect(packages[0]).toMatchObject({
      name: "github-runner",
      versionInfo: `sha256:${"1".repeat(64)}`,
      checksums: [{ algorithm: "SHA256", checksumValue: "1".repeat(64) }],
      comment: `variant standard for linux/amd64, built on ${BASE}`,
    })
    const find = (name: string) => packages.find((one) => one.name === name)
    expect(find("libstdc++6")).toEqual({
      SPDXID: "SPDXRef-package-libstdc-6-66460bdff67ee024",
      name: "libstdc++6",
      versionInfo: "14.2.0-19",
      supplier: "NOASSERTION",
      downloadLocation: "NOASSERTION",
      filesAnalyzed: false,
      sourceInfo: "built package from: gcc-14 14.2.0-19",
      licenseConcluded: "NOASSERTION",
      licenseDeclared: "NOASSERTION",
      copyrightText: "NOASSERTION",
      externalRefs: [
        {
          referenceCategory: "PACKAGE-MANAGER",
          referenceType: "purl",
          referenceLocator: "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=debian-13&upstream=gcc-14",
        },
      ],
    })
    expect(find("node")).toMatchObject({
      primaryPackagePurpose: "APPLICATION",
      downloadLocation: "https://nodejs.example/dist/node.tar.xz",
      checksums: [{ algorithm: "SHA256", checksumValue: "2".repeat(64) }],
    })
    expect(find("golang.org/toolchain")).toMatchObject({ comment: "go.sum: h1:bb=" })
    expect(
      packages.filter(({ SPDXID }) => SPDXID.startsWith("SPDXRef-npm")).map((one) => [one.name, one.licenseDeclared]),
    ).toMatchInlineSnapshot(`
      [
        [
          "@npmcli/arborist",
          "ISC",
        ],
        [
          "semver",
          "(MIT OR ISC)",
        ],
        [
          "spoken",
          "NOASSERTION",
        ],
        [
          "unsaid",
          "NOASSERTION",
        ],
      ]
    `)
    expect(new Set(packages.map(({ SPDXID }) => SPDXID)).size).toBe(packages.length)
    const [first, ...others] = relationships
    expect(first).toEqual({
      ...{ spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES" },
      relatedSpdxElement: packages[0]?.SPDXID,
    })
    expect(others.map((one) => one.relatedSpdxElement)).toEqual(packages.slice(1).map((one) => one.SPDXID))
  })

  it("tells packages apart whose names differ only in what an identifier must not have", () => {
    const packages = [dpkg("lib+a", "1"), dpkg("lib-a", "1")]
    const entry = billedEntry("linux/amd64", { tools: [], installed: { packages, npm: [] } })
    const ids = spdx(billedReport(), entry).packages.map(({ SPDXID }) => SPDXID)
    expect(new Set(ids).size).toBe(3)
  })
})

describe("a document of CycloneDX", () => {
  it("is valid for its schema, which would refuse another", async () => {
    expect(await invalid(cyclonedx())).toBeNull()
    expect(await invalid({ ...cyclonedx(), serialNumber: "none" })).not.toBeNull()
  })

  it("says what it is about, when, and on what the image depends", () => {
    const { serialNumber, metadata, components, dependencies } = cyclonedx()
    expect(serialNumber).toBe("urn:uuid:11111111-1111-8111-9111-111111111111")
    expect(metadata).toMatchInlineSnapshot(`
      {
        "component": {
          "bom-ref": "pkg:oci/github-runner@sha256:1111111111111111111111111111111111111111111111111111111111111111?arch=amd64",
          "hashes": [
            {
              "alg": "SHA-256",
              "content": "1111111111111111111111111111111111111111111111111111111111111111",
            },
          ],
          "name": "github-runner",
          "properties": [
            {
              "name": "runner-images:variant",
              "value": "standard",
            },
            {
              "name": "runner-images:platform",
              "value": "linux/amd64",
            },
            {
              "name": "runner-images:base",
              "value": "docker.io/library/debian:trixie-slim@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            },
          ],
          "purl": "pkg:oci/github-runner@sha256:1111111111111111111111111111111111111111111111111111111111111111?arch=amd64",
          "type": "container",
          "version": "sha256:1111111111111111111111111111111111111111111111111111111111111111",
        },
        "timestamp": "2026-01-02T03:04:05.000Z",
        "tools": {
          "components": [
            {
              "name": "runner-images",
              "type": "application",
              "version": "0.1.0",
            },
          ],
        },
      }
    `)
    expect(components.find(({ name }) => name === "arborist")).toMatchInlineSnapshot(`
      {
        "bom-ref": "pkg:npm/%40npmcli/arborist@9.0.0",
        "group": "@npmcli",
        "licenses": [
          {
            "license": {
              "id": "ISC",
            },
          },
        ],
        "name": "arborist",
        "properties": [
          {
            "name": "runner-images:path",
            "value": "/usr/local/lib/node_modules/npm/node_modules/@npmcli/arborist",
          },
        ],
        "purl": "pkg:npm/%40npmcli/arborist@9.0.0",
        "type": "library",
        "version": "9.0.0",
      }
    `)
    expect(components.find(({ name }) => name === "runner")).toMatchInlineSnapshot(`
      {
        "bom-ref": "pkg:github/actions/runner@v2.340.0?checksum=sha256:1111111111111111111111111111111111111111111111111111111111111111&download_url=https:%2F%2Fgithub.com%2Factions%2Frunner%2Freleases%2Fdownload%2Fv2.340.0%2Factions-runner-linux-x64-2.340.0.tar.gz",
        "externalReferences": [
          {
            "type": "distribution",
            "url": "https://github.com/actions/runner/releases/download/v2.340.0/actions-runner-linux-x64-2.340.0.tar.gz",
          },
        ],
        "hashes": [
          {
            "alg": "SHA-256",
            "content": "1111111111111111111111111111111111111111111111111111111111111111",
          },
        ],
        "name": "runner",
        "purl": "pkg:github/actions/runner@v2.340.0?checksum=sha256:1111111111111111111111111111111111111111111111111111111111111111&download_url=https:%2F%2Fgithub.com%2Factions%2Frunner%2Freleases%2Fdownload%2Fv2.340.0%2Factions-runner-linux-x64-2.340.0.tar.gz",
        "type": "application",
        "version": "2.340.0",
      }
    `)
    expect(components.find(({ name }) => name === "golang.org/toolchain")).toMatchInlineSnapshot(`
      {
        "bom-ref": "pkg:golang/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
        "name": "golang.org/toolchain",
        "properties": [
          {
            "name": "runner-images:go.sum",
            "value": "h1:bb=",
          },
        ],
        "purl": "pkg:golang/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
        "type": "application",
        "version": "1.27.3",
      }
    `)
    const [root] = dependencies
    expect(root).toEqual({ ref: metadata.component["bom-ref"], dependsOn: components.map(({ purl }) => purl) })
  })
})

it("a format is one of two", () => {
  expect(parseSbomFormat(undefined)).toBe("spdx")
  expect(parseSbomFormat("CycloneDX")).toBe("cyclonedx")
  expect(() => parseSbomFormat("cyclondx")).toThrow(
    '"cyclondx" is not a format of bills of materials. Did you mean cyclonedx? [USAGE]',
  )
})
