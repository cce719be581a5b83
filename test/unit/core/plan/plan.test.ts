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
    ["registry", "stand-in", ["npm", "npm", "npm", "deb", "deb", "deb", "deb", "project"]],
    ["upstream", "actions", ["upstream", "npm", "upstream", "upstream", "upstream", "upstream", "upstream"]],
  ] as const)("from %s: runner %s", (mode, runner, from) => {
    const plan = planVariant("standard", request, { mode, reason: "" })
    expect(plan.runner).toBe(runner)
    expect(plan.platforms[0]?.tools.map((tool) => tool.from)).toEqual(from)
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

it("the project's version is package.json's", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
  expect(PROJECT_VERSION).toBe(version)
})
