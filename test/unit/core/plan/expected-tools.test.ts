import { expect, it } from "vitest"
import { expectedTools, vulnerabilityWarnings } from "../../../../dagger/src/core/plan/expected-tools.js"
import type { PlannedTool, PlatformPlan, VariantPlan } from "../../../../dagger/src/core/plan/plan.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import { PLATFORMS } from "../../../../dagger/src/core/platforms.js"

const GO = "https://dl.google.com/go/go1.27.2.linux-amd64.tar.gz"
const go = (version: string): PlannedTool => ({
  name: "go",
  from: "upstream",
  version,
  url: GO,
  sha256: "a".repeat(64),
})
const PROGRAM = { version: "0.13.0-act", module: "example.org/act@v0.13.0" }
const planOf = (...tools: PlannedTool[]): PlatformPlan => ({
  platform: "linux/amd64",
  packages: [],
  tools,
  environment: {},
})

it("the report names a tool's known vulnerabilities, and nothing of tools that have none", () => {
  const tools = expectedTools(planOf(go("1.27.2"), { name: "gh", from: "deb", package: "gh" }), [], PROGRAM)
  expect(tools.map(({ name, vulnerabilities }) => [name, vulnerabilities])).toEqual([
    ["go", ["CVE-2026-111943"]],
    ["gh", undefined],
  ])
  expect(expectedTools(planOf(go("1.27.3")), [], PROGRAM)[0]).not.toHaveProperty("vulnerabilities")
})

it("a program of ours around a Go module has its own version, and the module as its source", () => {
  const runner: PlannedTool = {
    name: "runner",
    from: "go-program",
    folder: "act-runner",
    module: "example.org/act",
    arch: "amd64",
  }
  expect(expectedTools(planOf(runner), [], PROGRAM)).toEqual([
    { name: "runner", version: "0.13.0-act", source: "go:example.org/act@v0.13.0" },
  ])
})

it("what a registry has of npm's packages and Go's modules is verified by the registry's own checksum, if the catalog has one", () => {
  const npm = (integrity: string): PlannedTool => ({
    ...{ name: "yarn", from: "npm", version: "1.22.22", package: "yarn", integrity },
  })
  const toolchain: PlannedTool = {
    ...{ name: "go", from: "go-toolchain", version: "1.27.3", module: "example.org/toolchain@v0.0.1", sum: "h1:bb=" },
  }
  expect(expectedTools(planOf(npm("sha512-aa=="), toolchain, npm("unknown")), [], PROGRAM)).toEqual([
    { name: "yarn", version: "1.22.22", source: "npm:yarn@1.22.22", integrity: "sha512-aa==" },
    { name: "go", version: "1.27.3", source: "go:example.org/toolchain@v0.0.1", integrity: "h1:bb=" },
    { name: "yarn", version: "1.22.22", source: "npm:yarn@1.22.22" },
  ])
})

it("a build warns of them once, whatever the number of platforms and variants", () => {
  const request = { platforms: [...PLATFORMS], variants: ["chrome-go"], sudo: false, refresh: false }
  const plan = planVariant("chrome-go", { ...request, sources: "registry" }, { mode: "registry", reason: "test" })
  const withGo = (version: string): VariantPlan => ({ ...plan, platforms: [planOf(go(version)), planOf(go(version))] })
  expect(vulnerabilityWarnings([withGo("1.27.2"), withGo("1.27.2")])).toEqual([
    "Go 1.27.2 has a known vulnerability: CVE-2026-111943, fixed in 1.26.10 and 1.27.3",
  ])
  expect(vulnerabilityWarnings([plan])).toEqual([])
})
