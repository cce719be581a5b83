import { expect, it } from "vitest"
import { assertNative } from "../../../../dagger/src/core/checks/native-only.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import { PLATFORMS, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import type { VariantName } from "../../../../dagger/src/core/variants/names.js"

const planOf = (variant: VariantName, platforms: readonly PlatformName[] = PLATFORMS) =>
  planVariant(
    variant,
    { platforms: [...platforms], variants: [variant], sources: "registry", sudo: false, refresh: false },
    { mode: "registry", reason: "" },
  )

it("refuses a platform that the engine emulates where that cannot do a check", () => {
  expect(() => {
    assertNative([planOf("standard"), planOf("chrome-go")], "linux/amd64")
  }).toThrowErrorMatchingInlineSnapshot(`
    [RunnerImagesError: --native requires all checks, but this engine, which runs on linux/amd64, would have to skip some:
      chrome-go linux/arm64 go/race: the race detector needs 48-bit addresses, and emulated programs have 47 bits (QEMU's user mode)
     Use an engine on a machine of that platform, give --platforms linux/amd64, or leave out --native. [NATIVE_REQUIRED]]
  `)
})

it("lets pass what emulation can do, and the engine's own platform", () => {
  for (const engine of PLATFORMS) {
    assertNative([planOf("standard")], engine)
    assertNative([planOf("chrome-go", [engine])], engine)
  }
})
