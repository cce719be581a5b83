import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
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
    ["registry", "stand-in", ["npm", "npm", "deb", "deb", "deb", "deb", "project"]],
    ["upstream", "actions", ["upstream", "upstream", "upstream", "upstream", "upstream", "upstream"]],
  ] as const)("from %s: runner %s", (mode, runner, from) => {
    const plan = planVariant("standard", request, { mode, reason: "" })
    expect(plan.runner).toBe(runner)
    expect(plan.platforms[0]?.tools.map((tool) => tool.from)).toEqual(from)
  })

  it("adds sudo only when asked", () => {
    const packages = (sudo: boolean) =>
      planVariant("standard", { ...request, sudo }, { mode: "registry", reason: "" }).platforms[0]?.packages
    expect(packages(false)).not.toContain("sudo")
    expect(packages(true)).toContain("sudo")
  })
})

it("the project's version is package.json's", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
  expect(PROJECT_VERSION).toBe(version)
})
