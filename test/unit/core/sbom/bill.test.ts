import { describe, expect, it } from "vitest"
import { billedPlatform, billOf, type Component } from "../../../../dagger/src/core/sbom/bill.js"
import { documentId } from "../../../../dagger/src/core/sbom/document-id.js"
import { installedSoftware } from "../../../../dagger/src/core/sbom/installed.js"
import type { Report, Tool } from "../../../../dagger/src/core/report/report.js"
import { BASE, billedEntry, billedReport, dpkg } from "./seeded-report.js"

const NPM = "/usr/local/lib/node_modules/npm"

/** The components of an image that has only these. */
function components(installed: Report["platforms"][number]["installed"], tools: Tool[] = []): Component[] {
  return billOf(billedReport(), billedEntry("linux/amd64", { installed, tools })).components
}
const urls = (all: readonly Component[]) => all.map(({ packageUrl }) => packageUrl)

describe("a bill of materials", () => {
  it("is of the image that has the digest", () => {
    expect(billOf(billedReport(), billedEntry("linux/arm64")).image).toEqual({
      name: "github-runner",
      variant: "standard",
      platform: "linux/arm64",
      digest: `sha256:${"2".repeat(64)}`,
      packageUrl: `pkg:oci/github-runner@sha256:${"2".repeat(64)}?arch=arm64`,
      created: "2026-01-02T03:04:05Z",
      base: BASE,
      builtBy: "0.1.0",
    })
  })

  it("has every package of dpkg, every tool and every package of npm once", () => {
    const all = billOf(billedReport(), billedEntry()).components
    expect(all.map(({ kind, packageUrl }) => `${kind} ${packageUrl.replace(/\?download.*|&download.*/, "")}`)).toEqual([
      "package pkg:deb/debian/gh@2.46.0-3?arch=amd64&distro=debian-13",
      "package pkg:deb/debian/git@1:2.47.3-0%2Bdeb13u1?arch=amd64&distro=debian-13",
      "package pkg:deb/debian/jq@1.7.1-6%2Bb1?arch=amd64&distro=debian-13&upstream=jq%401.7.1-6",
      "package pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13&upstream=glibc",
      "package pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=debian-13&upstream=gcc-14",
      "package pkg:deb/debian/tzdata@2026a-1?arch=all&distro=debian-13",
      `tool pkg:generic/node@24.1.0?checksum=sha256:${"2".repeat(64)}`,
      `tool pkg:github/actions/runner@v2.340.0?checksum=sha256:${"1".repeat(64)}`,
      "tool pkg:golang/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
      "tool pkg:npm/%40example/playwright@1.65.1",
      "npm pkg:npm/%40npmcli/arborist@9.0.0",
      "tool pkg:npm/npm@11.2.0",
      "npm pkg:npm/semver@7.7.0",
      "npm pkg:npm/spoken@1.0.0",
      "npm pkg:npm/unsaid@1.0.0",
    ])
  })

  it("has the checksum of a package that was installed, and none for the base's", () => {
    const all = billOf(billedReport(), billedEntry()).components
    const sums = all.flatMap(({ kind, name, checksums }) => (kind === "package" ? [[name, checksums.sha256]] : []))
    expect(Object.fromEntries(sums)).toEqual({
      ...{ gh: "3".repeat(64), git: "a".repeat(64) },
      ...{ jq: undefined, libc6: undefined, "libstdc++6": undefined, tzdata: undefined },
    })
    // Not that of another version.
    const installed = { packages: [dpkg("git", "1:2.47.3-0+deb13u2")], npm: [] }
    expect(components(installed)[0]?.checksums).toEqual({})
  })

  it("has packages of several architectures apart", () => {
    const packages = [dpkg("zlib1g", "1"), dpkg("zlib1g", "1", undefined, "i386")]
    expect(urls(components({ packages, npm: [] }))).toEqual([
      "pkg:deb/debian/zlib1g@1?arch=amd64&distro=debian-13",
      "pkg:deb/debian/zlib1g@1?arch=i386&distro=debian-13",
    ])
  })

  it("spells package URLs as the specification does, so that they equal those of other programs", () => {
    const packages = [dpkg("g++", "4:14.2.0-1", { name: "gcc-defaults+x", version: "1:1.220+b1" })]
    expect(urls(components({ packages, npm: [] }))).toEqual([
      "pkg:deb/debian/g%2B%2B@4:14.2.0-1?arch=amd64&distro=debian-13&upstream=gcc-defaults%2Bx%401:1.220%2Bb1",
    ])
  })

  it("names the distribution of the base", () => {
    const report = billedReport({ request: { base: "ubuntu:24.04", compression: "gzip" } })
    const entry = billedEntry("linux/amd64", { tools: [], installed: { packages: [dpkg("git", "1")], npm: [] } })
    expect(urls(billOf(report, entry).components)).toEqual(["pkg:deb/ubuntu/git@1?arch=amd64&distro=ubuntu-24.04"])
  })

  it("has a tool's checksum as its registry has it", () => {
    const all = billOf(billedReport(), billedEntry()).components
    const tool = (name: string) => all.find((one) => one.kind === "tool" && one.name === name)
    expect(tool("node")).toMatchObject({
      download: "https://nodejs.example/dist/node.tar.xz",
      checksums: { sha256: "2".repeat(64) },
    })
    expect(tool("npm")).toEqual({
      kind: "tool",
      ...{ name: "npm", version: "11.2.0", packageUrl: "pkg:npm/npm@11.2.0", license: { expression: "Artistic-2.0" } },
      ...{ checksums: { sha512: "ab".repeat(64) }, paths: [NPM] },
    })
    expect(tool("golang.org/toolchain")).toMatchObject({ version: "1.27.3", goSum: "h1:bb=", checksums: {} })
    expect(tool("@example/playwright")).toMatchObject({ checksums: {} })
  })

  it("has all folders of a package of npm", () => {
    const found = billOf(billedReport(), billedEntry()).components.find(({ name }) => name === "semver")
    expect(found?.paths).toEqual(["/opt/app/node_modules/semver", `${NPM}/node_modules/semver`])
  })

  it.each([
    ["MIT", { expression: "MIT" }],
    ["(MIT OR Apache-2.0 WITH LLVM-exception)", { expression: "(MIT OR Apache-2.0 WITH LLVM-exception)" }],
    ["SEE LICENSE IN LICENSE.md", { name: "SEE LICENSE IN LICENSE.md" }],
    ["UNLICENSED", { name: "UNLICENSED" }],
    ["Apache 2.0", { name: "Apache 2.0" }],
    ["LicenseRef-Ours", { name: "LicenseRef-Ours" }],
    ["MIT OR DocumentRef-a:LicenseRef-b", { name: "MIT OR DocumentRef-a:LicenseRef-b" }],
  ])("tells an expression of SPDX from another licence: %s", (license, expected) => {
    const npm = [{ name: "a", version: "1.0.0", license, path: "/a" }]
    expect(components({ packages: [], npm })[0]?.license).toEqual(expected)
  })

  it("names a release on GitHub by its repository and tag, and any other download by its address", () => {
    const tool = (source: string): Tool => ({ name: "a", version: "1.0", source, sha256: "c".repeat(64) })
    const [first, second, third] = [
      "https://github.com/owner/name/releases/download/jq-1.8%2B1/jq-linux",
      "https://github.com/owner/name/archive/v1.tar.gz",
      "https://github.com.example/owner/name/releases/download/v1/a",
    ].map((source) => urls(components({ packages: [], npm: [] }, [tool(source)]))[0]?.split("?")[0])
    expect([first, second, third]).toEqual([
      "pkg:github/owner/name@jq-1.8%2B1",
      "pkg:generic/a@1.0",
      "pkg:generic/a@1.0",
    ])
  })
})

describe("no bill of materials is made", () => {
  it.each<[string, Report, string]>([
    [
      "of a build without an image",
      billedReport({ platforms: [billedEntry("linux/amd64", { digest: undefined })] }),
      "No bill of materials can be made of the report: no image was written in that build.",
    ],
    [
      "of a report that an earlier version wrote",
      billedReport({ platforms: [billedEntry("linux/amd64", { installed: undefined })] }),
      "No bill of materials can be made of the report: it does not list what is installed, because an earlier version wrote it.",
    ],
    [
      "of a report that does not say on which base the image was built",
      billedReport({ request: undefined }),
      "No bill of materials can be made of the report: it does not list what is installed, because an earlier version wrote it.",
    ],
  ])("%s", (_, report, problem) => {
    const [entry] = report.platforms
    expect(() => billOf(report, entry ?? billedEntry())).toThrow(
      expect.objectContaining({ code: "REPORT_INVALID", problem }),
    )
  })
})

describe("the platform", () => {
  const text = JSON.stringify(billedReport())
  const one = JSON.stringify(billedReport({ platforms: [billedEntry("linux/arm64")] }))

  it("is the one that is asked for, or the only one", () => {
    expect(billedPlatform(text, "dist/standard", "linux/arm64").entry.platform).toBe("linux/arm64")
    expect(billedPlatform(one, "dist/standard", undefined).entry.platform).toBe("linux/arm64")
  })

  it.each<[string, string, string | undefined, string]>([
    [
      "is not chosen among several",
      text,
      undefined,
      "dist/standard has several platforms, and a bill is of one. Choose from linux/amd64, linux/arm64 with --platform. [PLATFORM_INVALID]",
    ],
    [
      "is unknown",
      text,
      "windows",
      "dist/standard has no image for windows. Choose from linux/amd64, linux/arm64. [PLATFORM_INVALID]",
    ],
    [
      "is misspelt",
      text,
      "arm46",
      "dist/standard has no image for arm46. Did you mean linux/arm64? [PLATFORM_INVALID]",
    ],
    ["is empty", text, " ", "--platform is empty. Choose from linux/amd64, linux/arm64. [PLATFORM_INVALID]"],
    [
      "was not built",
      one,
      "linux/amd64",
      "dist/standard has no image for linux/amd64. Did you mean linux/arm64? [PLATFORM_INVALID]",
    ],
    [
      "is in no report",
      "[",
      undefined,
      "No bill of materials can be made of the report: it is not JSON. Give the folder of a build, such as dist/standard, or its report.json. [REPORT_INVALID]",
    ],
    [
      "is in another kind of file",
      "{}",
      undefined,
      "No bill of materials can be made of the report: schemaVersion: Invalid input: expected 4. Give the folder of a build, such as dist/standard, or its report.json. [REPORT_INVALID]",
    ],
    [
      "is in a report of an earlier version",
      '{"schemaVersion": 3}',
      undefined,
      "No bill of materials can be made of the report: it is a report of schema version 3, but this program writes version 4; schemaVersion: Invalid input: expected 4. ",
    ],
  ])("%s", (_, report, platform, message) => {
    expect(() => billedPlatform(report, "dist/standard", platform)).toThrow(message)
  })
})

it("what is installed is listed in the order of names, each architecture apart", () => {
  const stanza = (name: string, architecture: string, status = "install ok installed") =>
    `Package: ${name}\nStatus: ${status}\nArchitecture: ${architecture}\nVersion: 1\n`
  const status = [
    ...[stanza("zlib1g", "amd64"), stanza("zlib1g", "i386"), stanza("gone", "all", "deinstall ok config-files")],
    `${stanza("cpp", "amd64")}Source: gcc-defaults (1.220)\n`,
  ].join("\n")
  const npm = [{ name: "a", version: "1.0.0", path: "/a/node_modules/a" }]
  expect(installedSoftware(status, npm)).toEqual({
    packages: [
      dpkg("cpp", "1", { name: "gcc-defaults", version: "1.220" }),
      dpkg("zlib1g", "1"),
      dpkg("zlib1g", "1", undefined, "i386"),
    ],
    npm,
  })
})

it("the identifier of documents is a UUID made of the digest alone", () => {
  const [first, second] = ["f".repeat(64), "0123456789abcdef".repeat(4)].map((hex) => documentId(`sha256:${hex}`))
  expect(first).toBe("ffffffff-ffff-8fff-bfff-ffffffffffff")
  expect(second).toBe("01234567-89ab-8def-8123-456789abcdef")
})
