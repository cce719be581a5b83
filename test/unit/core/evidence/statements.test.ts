import { afterEach, describe, expect, it, vi } from "vitest"
import { materialsOf } from "../../../../dagger/src/core/evidence/materials.js"
import { provenanceOf } from "../../../../dagger/src/core/evidence/provenance.js"
import { testResultsOf } from "../../../../dagger/src/core/evidence/test-results.js"
import { statementOf } from "../../../../dagger/src/core/evidence/statement.js"
import { canonicalJson } from "../../../../dagger/src/core/oci/documents.js"
import { FAILED, INCONCLUSIVE, PASSED, PROVED, SKIPPED } from "../report/reports.js"
import { billedEntry, billedReport, TOOLS } from "../sbom/seeded-report.js"
import { REPOSITORY } from "./evidenced.js"

const REVISION = "0123456789abcdef0123456789abcdef01234567"
const SOURCE = { url: "https://github.com/owner/images", revision: REVISION }

const report = billedReport({
  request: { base: "debian:trixie-slim", compression: "gzip", source: SOURCE },
  inputs: { program: `sha256:${"d".repeat(64)}` },
})

afterEach(() => {
  vi.useRealTimers()
})

describe("provenance", () => {
  it("says what was asked for, what it was built from, and by what", () => {
    expect(provenanceOf(report, [billedEntry()])).toMatchInlineSnapshot(`
      {
        "buildDefinition": {
          "buildType": "urn:runner-images:build:v1",
          "externalParameters": {
            "base": "debian:trixie-slim",
            "compression": "gzip",
            "platforms": [
              "linux/amd64",
            ],
            "runner": "act",
            "source": {
              "revision": "0123456789abcdef0123456789abcdef01234567",
              "url": "https://github.com/owner/images",
            },
            "sources": "registry",
            "variant": "standard",
          },
          "internalParameters": {
            "created": "2026-01-02T03:04:05Z",
            "inputs": {
              "program": "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
            },
            "installation": {
              "linux/amd64": "native",
            },
            "runnerVersion": "0.13.0-act",
            "tools": {
              "node": {
                "from": "registry",
                "reason": "asked for",
              },
            },
          },
          "resolvedDependencies": [
            {
              "annotations": {
                "date": "2026-01-02T00:00:00Z",
              },
              "digest": {
                "sha256": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
              },
              "name": "deb.example_debian_dists_trixie_InRelease",
            },
            {
              "digest": {
                "gitCommit": "0123456789abcdef0123456789abcdef01234567",
              },
              "name": "source code",
              "uri": "git+https://github.com/owner/images@0123456789abcdef0123456789abcdef01234567",
            },
            {
              "digest": {
                "sha256": "1111111111111111111111111111111111111111111111111111111111111111",
              },
              "name": "runner",
              "uri": "https://github.com/actions/runner/releases/download/v2.340.0/actions-runner-linux-x64-2.340.0.tar.gz",
            },
            {
              "digest": {
                "sha256": "2222222222222222222222222222222222222222222222222222222222222222",
              },
              "name": "node",
              "uri": "https://nodejs.example/dist/node.tar.xz",
            },
            {
              "digest": {
                "sha256": "3333333333333333333333333333333333333333333333333333333333333333",
              },
              "uri": "pkg:deb/debian/gh@2.46.0-3?arch=amd64&distro=debian-13",
            },
            {
              "digest": {
                "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
              },
              "uri": "pkg:deb/debian/git@1:2.47.3-0%2Bdeb13u1?arch=amd64&distro=debian-13",
            },
            {
              "name": "go",
              "uri": "pkg:golang/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
            },
            {
              "name": "playwright",
              "uri": "pkg:npm/%40example/playwright@1.65.1",
            },
            {
              "digest": {
                "sha512": "abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab",
              },
              "name": "npm",
              "uri": "pkg:npm/npm@11.2.0",
            },
            {
              "digest": {
                "sha256": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
              },
              "name": "base image",
              "uri": "pkg:oci/debian@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb?repository_url=docker.io%2Flibrary%2Fdebian&tag=trixie-slim",
            },
          ],
        },
        "runDetails": {
          "builder": {
            "id": "urn:runner-images:pipeline",
            "version": {
              "runner-images": "0.1.0",
            },
          },
        },
      }
    `)
  })

  it("of an index has what each platform was built from, and once what all were", () => {
    const { resolvedDependencies } = provenanceOf(report, report.platforms).buildDefinition
    const addresses = resolvedDependencies.map(({ uri = "", name = "" }) => `${uri} ${name}`)
    expect(addresses.filter((address) => address.includes("base image"))).toHaveLength(1)
    expect(addresses).toEqual([...addresses].sort())
  })

  it("is the same on any day, in whichever order things were found, however long the steps took", () => {
    const text = (entry = billedEntry()) => canonicalJson(provenanceOf(report, [entry]))
    const before = text()
    vi.useFakeTimers({ now: new Date("2040-05-06T07:08:09Z") })
    const { packages, tools } = billedEntry()
    const turned = { packages: [...packages].reverse(), tools: [...tools].reverse(), steps: [] }
    expect(text(billedEntry("linux/amd64", turned))).toBe(before)
  })

  it.each([
    ["a URL alone", { url: SOURCE.url }, [{ name: "source code", uri: "git+https://github.com/owner/images" }]],
    ["a commit alone", { revision: REVISION }, [{ name: "source code", digest: { gitCommit: REVISION } }]],
    [
      "a revision that is no digest",
      { ...SOURCE, revision: "r17" },
      [{ name: "source code", uri: "git+https://github.com/owner/images@r17" }],
    ],
    ["nothing", {}, []],
  ])("of source code of which is known: %s", (_, source, expected) => {
    const known = billedReport({ request: { base: "debian:trixie-slim", compression: "gzip", source } })
    const named = materialsOf(known, [billedEntry()]).filter(({ name }) => name === "source code")
    expect(named).toEqual(expected)
  })

  it("has Go's checksums as in-toto has them, and none that is damaged", () => {
    const digest = (integrity: string) => {
      const tools = TOOLS.filter(({ name }) => name === "go").map((tool) => ({ ...tool, integrity }))
      return materialsOf(report, [billedEntry("linux/amd64", { tools })]).find(({ name }) => name === "go")?.digest
    }
    expect(digest("h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=")).toEqual({
      dirHash: "2a1bb6127fb481c60f67692e22285fb306f3c6ffe62075e0ccf674d7c3adcb8f",
    })
    expect(digest("h1:bb=")).toBeUndefined()
  })

  it("has the digest of every locked package and download", () => {
    const entry = billedEntry()
    const digests = new Set(materialsOf(report, [entry]).map(({ digest }) => digest?.sha256))
    const sums = [...entry.packages, ...entry.tools, ...report.releases].flatMap(({ sha256 }) => sha256 ?? [])
    expect(sums.filter((sum) => !digests.has(sum))).toEqual([])
    expect(sums.length).toBeGreaterThan(4)
  })
})

describe("test results", () => {
  const found = (...checks: ReturnType<typeof billedEntry>["checks"]) =>
    testResultsOf(report, [billedEntry("linux/amd64", { checks })])

  it("have the checks by their outcome, and what the format has no place for as annotations", () => {
    expect(found(PASSED, FAILED, SKIPPED, INCONCLUSIVE, { ...PROVED, name: "go/build" })).toMatchInlineSnapshot(`
      {
        "configuration": [
          {
            "annotations": {
              "provedBy": {
                "go/build": "chrome",
              },
              "proves": {
                "browser/session": "a browser opens a page",
                "elf/architecture": "every program is for this platform",
                "go/build": "git is the version resolved",
                "runner/listener": "the runner starts",
                "version/git": "git is the version resolved",
              },
              "skipped": {
                "runner/listener": "needs a network",
              },
              "variant": "standard",
            },
            "name": "checks of runner-images 0.1.0",
          },
        ],
        "failedTests": [
          "elf/architecture",
        ],
        "passedTests": [
          "go/build",
          "version/git",
        ],
        "result": "FAILED",
        "warnedTests": [
          "browser/session",
        ],
      }
    `)
  })

  it.each([
    ["PASSED", [PASSED]],
    ["PASSED", [PASSED, SKIPPED]],
    ["WARNED", [PASSED, INCONCLUSIVE]],
    ["FAILED", [PASSED, INCONCLUSIVE, FAILED]],
  ])("are %s for %j", (result, checks) => {
    expect(found(...checks).result).toBe(result)
  })

  it("of several platforms name the platform of each check", () => {
    const platforms = [billedEntry(), billedEntry("linux/arm64", { checks: [FAILED] })]
    const { passedTests, failedTests } = testResultsOf(report, platforms)
    expect({ passedTests, failedTests }).toEqual({
      passedTests: ["linux/amd64 version/git"],
      failedTests: ["linux/arm64 elf/architecture"],
    })
  })

  it("do not depend on how long checks took", () => {
    expect(found({ ...PASSED, seconds: 1 })).toEqual(found({ ...PASSED, seconds: 2 }))
  })
})

describe("a statement", () => {
  it("names every repository that the image is in", () => {
    const digest = `sha256:${"1".repeat(64)}`
    const { subject } = statementOf(digest, [REPOSITORY, `${REPOSITORY}-chrome`], "https://example.com/p", {})
    expect(subject).toEqual([
      { name: REPOSITORY, digest: { sha256: "1".repeat(64) } },
      { name: `${REPOSITORY}-chrome`, digest: { sha256: "1".repeat(64) } },
    ])
  })
})
