import { describe, expect, it } from "vitest"
import { planBuild } from "../../../../dagger/src/core/plan/build-plan.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import { resolveDefinition } from "../../../../dagger/src/core/variants/definitions.js"

const request: BuildRequest = {
  platforms: ["linux/arm64"],
  variants: ["chrome-go", "chrome"],
  sources: "registry",
  sudo: true,
  refresh: false,
}
const sources = { mode: "registry", reason: "test" } as const

describe("planBuild", () => {
  const plan = planBuild(request, sources, "linux/amd64")

  it("shows what was asked for, in that order and for those platforms", () => {
    expect(plan.variants.map(({ variant, platforms }) => [variant, platforms.map(({ platform }) => platform)])).toEqual(
      [
        ["chrome-go", ["linux/arm64"]],
        ["chrome", ["linux/arm64"]],
      ],
    )
    expect(plan.sources).toEqual(sources)
  })

  it("has parts of the variants below, and of the engine's own platform", () => {
    expect(plan.lineage("chrome-go")).toEqual(["standard", "chrome", "chrome-go"])
    for (const platform of ["linux/amd64", "linux/arm64"] as const) {
      expect(plan.part("standard", platform)).toMatchObject({ whole: { platform }, plan: { variant: "standard" } })
      expect(plan.part("standard", platform).parent).toBeUndefined()
      expect(plan.part("chrome-go", platform).parent).toBe("chrome")
    }
  })

  it("splits a variant into what the one below brings and what it adds", () => {
    const below = plan.part("chrome", "linux/arm64")
    const part = plan.part("chrome-go", "linux/arm64")
    expect(part.added.packages).toEqual(part.whole.packages.filter((name) => !below.whole.packages.includes(name)))
    expect(part.added.tools.map(({ name }) => name)).toEqual(["go"])
    expect(part.whole.tools.map(({ name }) => name)).toEqual(resolveDefinition("chrome-go", undefined).tools)
    expect(part.added.files).toEqual([])
    expect(part.added.links).toEqual({})
    expect(below.added.files.map(({ path }) => path)).toEqual([
      "/usr/local/bin/google-chrome",
      "/usr/local/bin/chromedriver",
    ])
    expect(Object.keys(below.added.links)).toContain("/opt/google/chrome/chrome")
  })

  it("installs what an option adds with the variant that knows it", () => {
    expect(plan.part("standard", "linux/arm64").added.packages).toContain("sudo")
    expect(plan.part("chrome", "linux/arm64").added.packages).not.toContain("sudo")
  })

  it("has no parts that nobody needs", () => {
    expect(() => planBuild(request, sources).part("chrome", "linux/amd64")).toThrow(
      "chrome is not planned for linux/amd64",
    )
    expect(() => planBuild({ ...request, variants: ["standard"] }, sources).part("chrome", "linux/arm64")).toThrow(
      "chrome is not planned",
    )
  })
})
