import { describe, expect, it } from "vitest"
import type { OfferedPackage } from "../../../../dagger/src/core/packages/security-index.js"
import { lastSeen, securitySuiteFor } from "../../../../dagger/src/core/vulnerabilities/examined-report.js"
import { toolFindings } from "../../../../dagger/src/core/vulnerabilities/known-tools.js"
import {
  advisoryQuestion,
  npmFindings,
  parseAdvisories,
} from "../../../../dagger/src/core/vulnerabilities/npm-advisories.js"
import { outdatedPackages } from "../../../../dagger/src/core/vulnerabilities/outdated-packages.js"
import { platformReport, report } from "../report/reports.js"
import { dpkg } from "../sbom/seeded-report.js"

function offered(...all: [name: string, version: string, source?: OfferedPackage["source"]][]) {
  return new Map(
    all.map(([name, version, source = { name, version }]) => [name, { name, version, architecture: "amd64", source }]),
  )
}

describe("packages of which the security archive has a newer version", () => {
  const openssl = (version: string) => ({ name: "openssl", version })

  it("are one finding for each source package", () => {
    const packages = [
      dpkg("git", "1:2.47.3-0+deb13u1"),
      dpkg("libssl3t64", "3.5.1-1", openssl("3.5.1-1")),
      dpkg("openssl", "3.5.1-1"),
    ]
    const archive = offered(
      ["libssl3t64", "3.5.1-1+deb13u2", openssl("3.5.1-1+deb13u2")],
      ["openssl", "3.5.1-1+deb13u2"],
      // Older than what is installed, as when the archive's main suite overtakes the security suite.
      ["git", "1:2.47.2-0+deb13u1"],
      ["not-installed", "9"],
    )
    expect(outdatedPackages({ installed: { packages, npm: [] }, packages: [] }, archive)).toEqual([
      {
        ...{ area: "distribution", name: "openssl", version: "3.5.1-1", packages: ["libssl3t64", "openssl"] },
        ...{ fixed: "3.5.1-1+deb13u2", ids: [], severity: "unknown" },
      },
    ])
  })

  it("are found if only a rebuild is newer, whose source is the same", () => {
    const packages = [dpkg("jq", "1.7.1-6+b1", { name: "jq", version: "1.7.1-6" })]
    const archive = offered(["jq", "1.7.1-6+b2", { name: "jq", version: "1.7.1-6" }])
    expect(outdatedPackages({ installed: { packages, npm: [] }, packages: [] }, archive)).toMatchObject([
      { name: "jq", version: "1.7.1-6+b1", fixed: "1.7.1-6+b2" },
    ])
  })

  it("are found in a lock too, whose sources the archive names", () => {
    const packages = [{ name: "libssl3t64", version: "3.5.1-1", sha256: "a".repeat(64) }]
    const archive = offered(["libssl3t64", "3.5.4-1", openssl("3.5.4-1")])
    expect(outdatedPackages({ packages }, archive)).toMatchObject([
      { name: "openssl", version: "3.5.1-1", packages: ["libssl3t64"], fixed: "3.5.4-1" },
    ])
  })
})

describe("the archive of an image", () => {
  const request = (base: string) => ({ request: { base, compression: "gzip" } })

  it.each([
    ["debian:trixie-slim", "linux/arm64", "http://deb.debian.org/debian-security/dists/trixie-security"],
    ["ubuntu:24.04", "linux/amd64", "http://archive.ubuntu.com/ubuntu/dists/noble-security"],
    ["ubuntu:24.04", "linux/arm64", "http://ports.ubuntu.com/ubuntu-ports/dists/noble-security"],
  ])("on %s for %s", (base, platform, url) => {
    expect(securitySuiteFor(report(request(base)), platformReport(platform))).toMatchObject({
      platform,
      suite: { url },
    })
  })

  it("is unknown of an image from elsewhere, or for a platform of another version", () => {
    expect(securitySuiteFor(report(), platformReport("linux/amd64"))).toEqual({
      unknown: "the report does not name the base, because the image was built elsewhere",
    })
    expect(securitySuiteFor(report(request("debian:trixie-slim")), platformReport("linux/riscv64"))).toEqual({
      unknown: "this version does not build for linux/riscv64",
    })
  })

  it("was last seen when the image was built", () => {
    const suite = { url: "http://deb.debian.org/debian-security/dists/trixie-security", components: [], keys: "" }
    const date = "2026-11-29T00:53:14.000Z"
    const [prefix, sha256] = ["deb.debian.org_debian-security_dists_", "c".repeat(64)]
    const releases = ["trixie-security-else_InRelease", "trixie-security_InRelease"].map((name, place) => {
      return { name: prefix + name, sha256, date: place === 0 ? "2026-01-01T00:00:00.000Z" : date }
    })
    expect(lastSeen(report({ releases }), suite)).toBe(date)
    expect(lastSeen(report(), suite)).toBeUndefined()
  })
})

describe("advisories for packages of npm", () => {
  const packages = [
    { name: "semver", version: "7.7.0", path: "/a" },
    { name: "semver", version: "5.7.1", path: "/b" },
    { name: "semver", version: "5.7.1", path: "/c" },
    { name: "early", version: "2.0.0-rc.1", path: "/d" },
    { name: "odd", version: "", path: "/e" },
    { name: "", version: "1.0.0", path: "/f" },
    { name: "__proto__", version: "1.0.0", path: "/g" },
  ]

  it("are asked for by each version once", () => {
    const question = advisoryQuestion(packages)
    expect(JSON.parse(JSON.stringify(question))).toEqual(
      JSON.parse('{"__proto__":["1.0.0"],"early":["2.0.0-rc.1"],"semver":["5.7.1","7.7.0"]}'),
    )
  })

  it("are about the versions in their range, pre-releases included", () => {
    const advisories = parseAdvisories(
      JSON.stringify({
        semver: [
          {
            ...{ id: 1096482, title: "semver vulnerable to ReDoS", severity: "high", cwe: ["CWE-1333"] },
            ...{ url: "https://github.com/advisories/GHSA-c2qf-rxjj-qqgw", vulnerable_versions: "<5.7.2" },
          },
        ],
        early: [{ id: 7, severity: "catastrophic", vulnerable_versions: ">=2.0.0-0 <2.0.0" }],
        constructor: [],
      }),
    )
    expect(npmFindings(packages, advisories)).toEqual([
      {
        ...{ area: "npm", name: "early", version: "2.0.0-rc.1", affected: ">=2.0.0-0 <2.0.0", ids: ["npm-7"] },
        ...{ severity: "unknown", paths: ["/d"] },
      },
      {
        ...{ area: "npm", name: "semver", version: "5.7.1", affected: "<5.7.2", ids: ["GHSA-c2qf-rxjj-qqgw"] },
        ...{ severity: "high", title: "semver vulnerable to ReDoS", paths: ["/b", "/c"] },
        url: "https://github.com/advisories/GHSA-c2qf-rxjj-qqgw",
      },
    ])
  })

  it.each([
    ["<html>", "it is not JSON"],
    ['{"semver":[{"id":1}]}', "semver.0.vulnerable_versions: Invalid input: expected string, received undefined"],
    ["[]", "it: Invalid input: expected record, received array"],
  ])("are not read from %s", (text, why) => {
    expect(() => parseAdvisories(text)).toThrow(`its answer is not a list of advisories: ${why}`)
  })
})

describe("vulnerabilities of tools", () => {
  const known = [{ id: "CVE-2026-1", tool: "go", fixed: ["1.26.10", "1.27.3"] }] as const
  const go = (version: string, source = "https://go.test/go.tar.gz") => ({ name: "go", version, source })

  it("are those that are known now, and those that were known when the image was built", () => {
    const recorded = { ...go("1.27.2"), vulnerabilities: ["CVE-2025-9"] }
    expect(toolFindings([recorded, go("1.27.3"), go("1.26.9", "deb:golang-go")], known)).toEqual([
      { area: "tools", name: "go", version: "1.27.2", ids: ["CVE-2025-9"], severity: "unknown" },
      {
        ...{ area: "tools", name: "go", version: "1.27.2", ids: ["CVE-2026-1"], severity: "unknown" },
        fixed: "1.26.10 and 1.27.3",
      },
    ])
  })
})
