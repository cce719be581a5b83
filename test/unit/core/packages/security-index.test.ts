import { describe, expect, it } from "vitest"
import { newestOffered, parseSuiteRelease } from "../../../../dagger/src/core/packages/security-index.js"

const AT = "http://archive.test/dists/trixie-security/InRelease"
const RELEASE = `Origin: Debian
Suite: stable-security
Date: Sun, 29 Nov 2026 00:53:14 UTC
Valid-Until: Sun, 06 Dec 2026 00:53:14 UTC
Acquire-By-Hash: yes
MD5Sum:
 3b4417314a9a73e2819feabeb8859ae5          7331178 main/binary-arm64/Packages
SHA256:
 ${"a".repeat(64)}  2259602 main/binary-amd64/Packages
 ${"b".repeat(64)}   311044 main/binary-amd64/Packages.xz
SHA512:
 ${"c".repeat(128)}   1 main/binary-amd64/Packages.gz
`

describe("a suite's Release file", () => {
  it("has a time, an end, and the SHA-256 and size of each index", () => {
    expect(parseSuiteRelease(RELEASE, AT)).toEqual({
      date: "2026-11-29T00:53:14Z",
      validUntil: "2026-12-06T00:53:14Z",
      byHash: true,
      files: new Map([
        ["main/binary-amd64/Packages", { sha256: "a".repeat(64), size: 2259602 }],
        ["main/binary-amd64/Packages.xz", { sha256: "b".repeat(64), size: 311044 }],
      ]),
    })
  })

  it("need not say until when it is valid, as Ubuntu's does not", () => {
    const text = RELEASE.replace(/Valid-Until.*\n/, "").replace("Sun, 29 Nov 2026 00:53", "Sun, 29 Nov 2026  0:53")
    const { validUntil, date } = parseSuiteRelease(text, AT)
    expect({ validUntil, date }).toEqual({ validUntil: undefined, date: "2026-11-29T00:53:14Z" })
  })

  it.each([
    ["no date", RELEASE.replace(/Date.*\n/, ""), "it has no date"],
    ["an end that is no time", RELEASE.replace(/(Valid-Until: ).*/, "$1never"), "its Valid-Until is not a date"],
    ["MD5 alone", RELEASE.replace("SHA256:", "SHA1:"), "it has no SHA-256 checksums"],
    ["nothing", "", "it has no date"],
  ])("is refused with %s", (_, text, why) => {
    expect(() => parseSuiteRelease(text, AT)).toThrow(
      expect.objectContaining({ code: "ARCHIVE_INVALID", problem: `${AT} cannot be used: ${why}.` }),
    )
  })
})

describe("the packages of a suite", () => {
  it("are the newest versions of all components, with their sources", () => {
    const main = `Package: jq
Architecture: amd64
Source: jq (1.7.1-6)
Version: 1.7.1-6+b1
Description: a
 Version: 9

Package: libssl3t64
Source: openssl
Architecture: amd64
Version: 3.5.1-1~deb13u9

Package: libssl3t64
Source: openssl
Architecture: amd64
Version: 3.5.1-1~deb13u10
`
    const universe = "Package: jq\nArchitecture: all\nVersion: 1.7.1-5\n\n\nPackage: odd\n"
    expect([...newestOffered([main, universe]).values()]).toEqual([
      { name: "jq", version: "1.7.1-6+b1", architecture: "amd64", source: { name: "jq", version: "1.7.1-6" } },
      {
        ...{ name: "libssl3t64", version: "3.5.1-1~deb13u10", architecture: "amd64" },
        source: { name: "openssl", version: "3.5.1-1~deb13u10" },
      },
    ])
  })
})
