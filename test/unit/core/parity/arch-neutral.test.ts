import { expect, it } from "vitest"
import { commonNames, archNeutral } from "../../../../dagger/src/core/parity/arch-neutral.js"
import type { PlatformName } from "../../../../dagger/src/core/platforms.js"

it.each<[PlatformName, string, string]>([
  ["linux/amd64", "gcc-14-x86-64-linux-gnu", "gcc-14-ARCH-linux-gnu"],
  ["linux/arm64", "gcc-14-aarch64-linux-gnu", "gcc-14-ARCH-linux-gnu"],
  ["linux/amd64", "/usr/lib/x86_64-linux-gnu/libz.so", "/usr/lib/ARCH-linux-gnu/libz.so"],
  ["linux/amd64", "node-linux-x64", "node-linux-ARCH"],
  ["linux/arm64", "node-linux-arm64", "node-linux-ARCH"],
  ["linux/amd64", "chromedriver-linux64", "chromedriver-linux-ARCH"],
  ["linux/arm64", "chromedriver-linux-arm64", "chromedriver-linux-ARCH"],
  ["linux/amd64", "tool/linux_amd64/link", "tool/linux_ARCH/link"],
  ["linux/arm64", "platform: linux/arm64/v8", "platform: linux/ARCH"],
  ["linux/arm64", "platform: linux/arm64", "platform: linux/ARCH"],
  ["linux/amd64", "hex64 arm64 x64y linux640", "hex64 arm64 x64y linux640"],
  ["linux/amd64", "x64 and x64", "ARCH and ARCH"],
])("%s: %s ⇒ %s", (platform, text, expected) => {
  expect(archNeutral(text, platform)).toBe(expected)
})

it("names stand for themselves where all platforms have them, or where two would become one", () => {
  const names = commonNames(
    new Map<PlatformName, Set<string>>([
      ["linux/amd64", new Set(["a_amd64", "a_arm64", "node-x64", "b-x64", "b-amd64"])],
      ["linux/arm64", new Set(["a_amd64", "a_arm64", "node-arm64", "b-arm64"])],
    ]),
  )
  expect(Object.fromEntries([...names].map(([platform, own]) => [platform, [...own.values()]]))).toEqual({
    "linux/amd64": ["a_amd64", "a_arm64", "node-ARCH", "b-x64", "b-amd64"],
    "linux/arm64": ["a_amd64", "a_arm64", "node-ARCH", "b-ARCH"],
  })
})
