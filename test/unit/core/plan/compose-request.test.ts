import { describe, expect, it } from "vitest"
import { composeRequest, composeVariants, type GivenBuild } from "../../../../dagger/src/core/plan/compose-request.js"
import { packagesFor } from "../../../../dagger/src/pipeline/image/package-set.js"

const NOTHING: GivenBuild = { sudo: false, root: false, cjkFonts: false, refresh: false }
const DEFINITION = {
  name: "databases.yaml",
  text: "name: databases\nextends: standard\ntitle: Databases\ndescription: A runner with database clients\npackages: [postgresql-client]\nchecks:\n  - name: version\n    proves: psql runs\n    command: psql --version\n    expect:\n      matches: PostgreSQL\n",
}

describe("composeRequest", () => {
  it("asks for the standard image on all platforms when nothing is given", () => {
    expect(composeRequest(NOTHING)).toEqual({
      platforms: ["linux/amd64", "linux/arm64"],
      variants: ["standard"],
      sources: "auto",
      runner: "auto",
      base: "debian:trixie-slim",
      sudo: false,
      root: false,
      cjkFonts: false,
      refresh: false,
      native: false,
      compression: "gzip",
    })
  })

  it("reads everything that is given", () => {
    const digest = `sha256:${"a".repeat(64)}`
    const packages = [{ name: "git", version: "1:2.47.3-0", sha256: "b".repeat(64) }]
    const lock = JSON.stringify({
      platforms: [{ platform: "linux/arm64", base: `debian:trixie-slim@${digest}`, packages }],
    })
    // These are in the request as they were written.
    const plain: GivenBuild = {
      platforms: ["linux/arm64"],
      variants: ["chrome"],
      sources: "registry",
      runner: "act",
      base: "debian:trixie-slim",
      compression: "zstd",
      source: { url: "https://git.example.test/runner", revision: "c".repeat(40) },
      sudo: true,
      root: true,
      cjkFonts: true,
      native: true,
      refresh: true,
    }
    expect(composeRequest({ ...plain, mirror: "https://mirror.example.test/files", lock })).toMatchObject({
      ...plain,
      mirror: { host: "mirror.example.test" },
      lock: { base: digest, platforms: { "linux/arm64": packages } },
    })
  })

  it("means the definition's variant when none is named, and installs its packages", () => {
    const request = composeRequest({ ...NOTHING, definition: DEFINITION })
    expect(request.variants).toEqual(["databases"])
    expect(request.custom?.definition.packages).toEqual(["postgresql-client"])
  })

  it.each([
    ["PLATFORM_INVALID", { platforms: ["linux/riscv64"] }],
    ["VARIANT_INVALID", { variants: ["chorme"] }],
    ["DEFINITION_INVALID", { definition: { ...DEFINITION, text: "title: Databases\n" } }],
    ["SOURCES_INVALID", { sources: "nowhere" }],
    ["RUNNER_INVALID", { runner: "stand-in" }],
    ["BASE_INVALID", { base: "alpine" }],
    ["MIRROR_INVALID", { mirror: "ftp://mirror.example.test" }],
    ["LOCK_INVALID", { lock: "{}" }],
    ["COMPRESSION_INVALID", { compression: "lzma" }],
    ["USAGE", { source: { url: "https://user:password@git.example.test" } }],
    ["USAGE", { cjkFonts: true }],
  ] satisfies [string, Partial<GivenBuild>][])("refuses with %s: %j", (code, given) => {
    expect(() => composeRequest({ ...NOTHING, ...given })).toThrow(expect.objectContaining({ code }))
  })
})

it("sets of packages are those of the definition's variant, too", () => {
  const chosen = { ...composeVariants({ definition: DEFINITION }), packages: ["nano"], refresh: false }
  expect(chosen.variants).toEqual(["databases"])
  const names = packagesFor(chosen, "databases")("linux/arm64")
  expect(names).toEqual(expect.arrayContaining(["postgresql-client", "git", "nano"]))
})
