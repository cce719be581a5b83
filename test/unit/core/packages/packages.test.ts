import { describe, expect, it } from "vitest"
import {
  filesForScripts,
  parseControl,
  parsePrintUris,
  upstreamVersion,
} from "../../../../dagger/src/core/packages/resolved-packages.js"
import { assertMatchesLock, parseLock, goneOf, preferencesOf } from "../../../../dagger/src/core/packages/lock.js"

const A = "a".repeat(64)
const B = "b".repeat(64)

describe("parsePrintUris", () => {
  it("reads apt's lines, decodes epochs and sorts by name", () => {
    const output = [
      "Reading package lists...",
      `'http://archive/pool/z/zip_3.0-15_amd64.deb' zip_3.0-15_amd64.deb 232 SHA256:${B}`,
      `'http://archive/pool/g/git_2.47.3-0%2bdeb13u1_amd64.deb' git_1%3a2.47.3-0+deb13u1_amd64.deb 8862 SHA256:${A}`,
    ].join("\n")
    expect(parsePrintUris(output)).toEqual([
      {
        name: "git",
        version: "1:2.47.3-0+deb13u1",
        sha256: A,
        uri: "http://archive/pool/g/git_2.47.3-0%2bdeb13u1_amd64.deb",
        file: "git_1%3a2.47.3-0+deb13u1_amd64.deb",
        size: 8862,
      },
      expect.objectContaining({ name: "zip", version: "3.0-15" }),
    ])
  })

  it("refuses a package without SHA-256", () => {
    expect(() => parsePrintUris("'http://archive/a_1_all.deb' a_1_all.deb 1 MD5Sum:abc")).toThrow(
      /in an unknown format/,
    )
  })
})

describe("upstreamVersion", () => {
  it.each([
    ["1:2.47.3-0+deb13u1", "2.47.3"],
    ["3.13.5-1", "3.13.5"],
    ["26.1.5+dfsg1-9+b9", "26.1.5"],
    ["1.5.7+dfsg-1", "1.5.7"],
    ["2:4.0.4-9", "4.0.4"],
    ["6.15.0-1", "6.15.0"],
    ["3.6.1", "3.6.1"],
    ["2.4.7-21+deb13u1+b1", "2.4.7"],
    ["25.1.1+dfsg-1", "25.1.1"],
  ])("%s ⇒ %s", (debian, expected) => {
    expect(upstreamVersion(debian)).toBe(expected)
  })
})

describe("parseLock", () => {
  const lock = JSON.stringify({
    platforms: [{ platform: "linux/amd64", packages: [{ name: "git", version: "1", sha256: A }] }],
  })

  it("takes the packages of the platforms asked for", () => {
    expect(parseLock(lock, ["linux/amd64"])).toEqual({
      platforms: { "linux/amd64": [{ name: "git", version: "1", sha256: A }] },
    })
  })

  it("has the Release files of that time, which date the image", () => {
    const releases = [{ name: "trixie_InRelease", sha256: A, date: "2026-11-21T09:15:44.000Z" }]
    const dated = JSON.stringify({ ...(JSON.parse(lock) as object), releases })
    expect(parseLock(dated, ["linux/amd64"]).releases).toEqual(releases)
    // As in the report of an image that was only tested.
    const undated = JSON.stringify({ ...(JSON.parse(lock) as object), releases: [] })
    expect(parseLock(undated, ["linux/amd64"]).releases).toBeUndefined()
  })

  it.each([
    ["{", "it is not JSON"],
    ["{}", "platforms"],
    ['{"platforms":[{"platform":"linux/amd64","packages":[{"name":"git","version":"1","sha256":"short"}]}]}', "sha256"],
    [
      '{"schemaVersion":1,"platforms":{}}',
      "it is a report of schema version 1, but this program writes version 4; platforms",
    ],
  ])("%s is refused", (text, why) => {
    expect(() => parseLock(text, ["linux/amd64"])).toThrow(new RegExp(`The lock cannot be used: .*${why}`))
  })

  const onBase = (...bases: string[]) =>
    JSON.stringify({
      platforms: bases.map((base, index) => ({ platform: ["linux/amd64", "linux/arm64"][index], base, packages: [] })),
    })
  const both = ["linux/amd64", "linux/arm64"] as const

  it("holds the digest of the base", () => {
    const base = `docker.io/library/debian:trixie-slim@sha256:${A}`
    expect(parseLock(onBase(base, base), both).base).toBe(`sha256:${A}`)
    expect(parseLock(onBase(base.replace(B, A)), ["linux/amd64"], "debian:trixie-slim").base).toBe(`sha256:${A}`)
    expect(parseLock(lock, ["linux/amd64"]).base).toBeUndefined()
  })

  it.each([
    [
      "of another base",
      [`docker.io/library/ubuntu:24.04@sha256:${A}`],
      "its base for linux/amd64 is docker.io/library/ubuntu:24.04@sha256:a+, but the images are to be built on debian:trixie-slim",
    ],
    [
      "of a base elsewhere",
      [`evil.example/library/debian:trixie-slim@sha256:${A}`],
      "its base for linux/amd64 is evil",
    ],
    ["of a tag", ["docker.io/library/debian:trixie-slim"], "its base for linux/amd64 is docker"],
    [
      "of two bases",
      [A, B].map((digest) => `debian:trixie-slim@sha256:${digest}`),
      "its platforms have different bases",
    ],
  ])("is refused when it is %s", (_, bases, why) => {
    expect(() => parseLock(onBase(...bases), both.slice(0, bases.length))).toThrow(
      new RegExp(`The lock cannot be used: ${why}`),
    )
  })

  it("is refused when a platform is missing", () => {
    expect(() => parseLock(lock, ["linux/amd64", "linux/arm64"])).toThrow(/no packages for linux\/arm64/)
  })
})

describe("assertMatchesLock", () => {
  const git = { name: "git", version: "1", sha256: A }
  const jq = { name: "jq", version: "2", sha256: B }

  it("accepts the same packages", () => {
    expect(() => {
      assertMatchesLock("linux/amd64", [git, jq], [jq, git])
    }).not.toThrow()
  })

  it.each([
    ["vanished", [git], "jq 2"],
    ["of another version", [git, { ...jq, version: "3" }], "jq 2"],
    ["with other bytes", [git, { ...jq, sha256: A }], "jq 2"],
  ])("names a package %s", (_, resolved, names) => {
    expect(() => {
      assertMatchesLock("linux/amd64", resolved, [git, jq])
    }).toThrow(new RegExp(`^The archive no longer offers these locked packages for linux/amd64: ${names}\\.`))
  })

  it("names the first packages that the lock does not have, and counts the others", () => {
    const needed = Array.from({ length: 12 }, (_, place) => ({ ...jq, name: `new-${"abcdefghijkl"[place] ?? ""}` }))
    expect(() => {
      assertMatchesLock("linux/amd64", [git, { ...jq, version: "3" }, ...needed], [git, jq])
    }).toThrow(
      /^The lock lacks packages that the image needs on linux\/amd64: new-a, new-b, .*, new-j and 2 more\. Give the report of a build with the same variant/,
    )
  })
})

describe("apt's preferences for a lock", () => {
  it("allow only its versions, and what the base has", () => {
    expect(preferencesOf([{ name: "git", version: "1:2.47-1", sha256: A }])).toBe(
      [
        "Package: *\nPin: release a=now\nPin-Priority: 990\n",
        "Package: *\nPin: release *\nPin-Priority: -1\n",
        "Package: git\nPin: version 1:2.47-1\nPin-Priority: 1001\n",
      ].join("\n"),
    )
  })

  it("fail for packages that the archive does not have", () => {
    const locked = [
      { name: "git", version: "1:2.47-1", sha256: A },
      { name: "jq", version: "1.7", sha256: B },
    ]
    const madison =
      "       git | 1:2.47-1 | http://deb.debian.org/debian trixie/main\n        jq | 1.8 | http://deb.debian.org/debian trixie/main\n"
    expect(goneOf(locked, madison)).toEqual(["jq 1.7"])
  })
})

describe("the package files that scripts rely on", () => {
  const line = (name: string, scripts = 0, depends = "", preDepends = "", provides = "") =>
    [`${name}_1.deb`, name, String(scripts), preDepends, depends, provides].join("\t")
  const control = parseControl(
    [
      line("ca-certificates", 2, "openssl (>= 1.1.1), debconf (>= 0.5) | debconf-2.0"),
      line("openssl", 0, "libssl3t64 (= 3.5.1)"),
      line("libssl3t64"),
      line("cdebconf", 0, "", "", "debconf-2.0 (= 1), debconf-utils"),
      line("gh", 0, "git:any"),
      line("git", 0),
      line("early", 0, "", "libssl3t64"),
      line("tar"),
    ].join("\n") + "\n",
  )

  it("are those with scripts, what these depend on, whoever provides it, and what cannot wait", () => {
    expect(filesForScripts(control, new Set())).toEqual([
      "ca-certificates_1.deb",
      "openssl_1.deb",
      "libssl3t64_1.deb",
      "cdebconf_1.deb",
      "early_1.deb",
    ])
  })

  it("are also those that take the place of what is installed", () => {
    const installed = new Set(["tar", "git-man"])
    expect(filesForScripts(control, installed)).toContain("tar_1.deb")
    expect(filesForScripts(control, installed)).not.toContain("git_1.deb")
  })

  it("are read with names alone", () => {
    expect(control[0]).toEqual({
      file: "ca-certificates_1.deb",
      name: "ca-certificates",
      hasScripts: true,
      preDepends: [],
      depends: ["openssl", "debconf", "debconf-2.0"],
      provides: [],
    })
    expect(control[4]?.depends).toEqual(["git"])
  })
})
