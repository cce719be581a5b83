import { expect, it } from "vitest"
import { goBuildCache } from "../../../../dagger/src/core/checks/go-build-cache.js"
import { execChecks } from "../../../../dagger/src/core/checks/suite.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import type { PlatformName } from "../../../../dagger/src/core/platforms.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import type { VariantName } from "../../../../dagger/src/core/variants/names.js"

function contextOf(variant: VariantName, emulated: boolean) {
  const platform: PlatformName = "linux/arm64"
  const request = {
    platforms: [platform],
    variants: [variant],
    sources: "registry",
    sudo: false,
    refresh: false,
  } satisfies BuildRequest
  const plan = planVariant(variant, request, { mode: "registry", reason: "test" })
  return { platform, emulated, plan, tools: [], packages: [] }
}

const cacheOf = (variant: VariantName, emulated: boolean) => {
  const context = contextOf(variant, emulated)
  return goBuildCache(context, execChecks(context), "linux/amd64")
}

it("is filled for checks that compile Go under emulation, by the same Go of the engine's own platform", () => {
  const plan = contextOf("chrome-go", true).plan.platforms.flatMap(({ tools }) => tools)
  const own = plan.find(({ name }) => name === "go")
  const cache = cacheOf("chrome-go", true)
  expect(own).toMatchObject({ from: "go-toolchain", module: expect.stringMatching(/linux-arm64$/) as string })
  expect(cache?.toolchain).toMatchObject({
    from: "go-toolchain",
    version: own && "version" in own ? own.version : "",
    module: expect.stringMatching(/linux-amd64$/) as string,
  })
  expect(cache).toMatchObject({
    packages: ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
    arguments: ["arm64", "aarch64-linux-gnu-gcc", "amd64"],
  })
})

it.each([
  ["the platform is the engine's own", "chrome-go", false],
  ["the variant has no Go", "chrome", true],
] as const)("is not needed if %s", (_, variant, emulated) => {
  expect(cacheOf(variant, emulated)).toBeUndefined()
})

it("is not needed if what compiles Go was proved already", () => {
  const context = contextOf("chrome-go", true)
  const checks = execChecks(context).filter(({ compilesGo }) => !compilesGo)
  expect(checks.map(({ name }) => name)).toContain("go/format")
  expect(goBuildCache(context, checks, "linux/amd64")).toBeUndefined()
})
