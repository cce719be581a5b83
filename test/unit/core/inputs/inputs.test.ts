import { describe, expect, it } from "vitest"
import { changedInput, inputsOf, type HostInputs } from "../../../../dagger/src/core/inputs/inputs.js"
import { composeRequest, type GivenBuild } from "../../../../dagger/src/core/plan/compose-request.js"

const NOTHING: GivenBuild = { sudo: false, root: false, cjkFonts: false, refresh: false }
const HOST: HostInputs = {
  program: "p",
  catalog: "c",
  docker: "d",
  assets: undefined,
  engine: { kind: "bare", version: "v1" },
  bases: { "debian:trixie-slim": "sha256:a" },
}
const MORNING = new Date("2026-11-28T09:15:44Z")
const EVENING = new Date("2026-11-28T21:00:00Z")

interface Case {
  given?: Partial<GivenBuild>
  host?: Partial<HostInputs>
  now?: Date
}
const inputs = ({ given = {}, host = {}, now = MORNING }: Case = {}) =>
  inputsOf(composeRequest({ ...NOTHING, ...given }), { ...HOST, ...host }, now)

const definition = (title: string) => ({
  name: "databases.yaml",
  text: `name: databases\nextends: standard\ntitle: ${title}\ndescription: A runner\npackages: [postgresql-client]\nchecks:\n  - name: version\n    proves: psql runs\n    command: psql --version\n    expect:\n      matches: PostgreSQL\n`,
})
const lock = (version: string) =>
  JSON.stringify({
    platforms: ["linux/amd64", "linux/arm64"].map((platform) => ({
      platform,
      packages: [{ name: "git", version, sha256: "b".repeat(64) }],
    })),
  })

describe("inputs that are the same", () => {
  it.each<[string, Case, Case]>([
    ["at another time of the day", { now: MORNING }, { now: EVENING }],
    [
      "with defaults spelt out",
      {},
      { given: { base: "debian:trixie-slim", compression: "gzip", sources: "auto", runner: "auto" } },
    ],
    [
      "with another password for the mirror",
      { given: { mirror: "https://user:one@mirror.example.com" } },
      { given: { mirror: "https://user:two@mirror.example.com" } },
    ],
    ["for other variants, on which nothing depends", {}, { given: { variants: ["chrome", "standard"] } }],
    [
      "for the same variants in another order",
      { given: { variants: ["chrome", "standard"] } },
      { given: { variants: ["standard", "chrome"] } },
    ],
  ])("%s", (_, before, after) => {
    expect(changedInput(inputs(before), inputs(after))).toBeUndefined()
  })
})

describe("an input that changed is named:", () => {
  it.each<[string, Case, Case?]>([
    ["the pipeline's sources changed (dagger/src, dagger/scripts)", { host: { program: "other" } }],
    ["the catalog changed", { host: { catalog: "other" } }],
    ["docker/ changed", { host: { docker: "other" } }],
    ["a new day: the package archive is queried again", { now: new Date("2026-11-29T00:00:00Z") }],
    ["the last build queried the package archive anew", {}, { given: { refresh: true } }],
    ["another engine is used", { host: { engine: { kind: "docker", version: "28.0" } } }],
    ["the engine's base images changed", { host: { bases: { "debian:trixie-slim": "sha256:b" } } }],
    ["the engine's base images changed", { host: { bases: undefined } }],
    ["the files in the --assets folder changed", { host: { assets: "a" } }],
    ["--platforms differs", { given: { platforms: ["linux/arm64"] } }],
    ["--sources differs", { given: { sources: "registry" } }],
    ["--runner differs", { given: { runner: "act" } }],
    ["--base differs", { given: { base: "ubuntu:24.04" } }],
    [
      "the definition file changed",
      { given: { definition: definition("New") } },
      { given: { definition: definition("Old") } },
    ],
    ["--lock differs", { given: { lock: lock("1") } }],
    ["--lock differs", { given: { lock: lock("1") } }, { given: { lock: lock("2") } }],
    ["--sudo differs", { given: { sudo: true } }],
    ["--root differs", { given: { root: true } }],
    [
      "--cjk-fonts differs",
      { given: { variants: ["chrome"], cjkFonts: true } },
      { given: { variants: ["chrome"], cjkFonts: false } },
    ],
    ["--mirror differs", { given: { mirror: "https://mirror.example.com" } }],
    ["--compression differs", { given: { compression: "zstd" } }],
    ["--native differs", { given: { native: true } }],
    ["the source code that labels name changed", { given: { source: { revision: "c".repeat(40), url: undefined } } }],
  ])("%s", (said, after, before = {}) => {
    expect(changedInput(inputs(before), inputs(after))).toBe(said)
  })

  it("what an earlier version did not record counts as changed", () => {
    const { compression: _, ...recorded } = inputs()
    expect(changedInput(recorded, inputs())).toBe("--compression differs")
  })
})

describe("recorded inputs", () => {
  it("are digests, which give nothing away, and the archive's day", () => {
    const { archive, ...digests } = inputs({ given: { mirror: "https://user:password@mirror.example.com" } })
    expect(archive).toBe("2026-11-28")
    for (const digest of Object.values(digests)) expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)
  })
})
