import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { parsePlatforms, PLATFORMS, platformOfNodeArch, spelling } from "../../../dagger/src/core/platforms.js"

describe("parsePlatforms", () => {
  it.each([
    [undefined, ["linux/amd64", "linux/arm64"]],
    [["linux/arm64"], ["linux/arm64"]],
    [
      ["linux/arm64", "linux/amd64"],
      ["linux/arm64", "linux/amd64"],
    ],
    [["linux/arm64/v8"], ["linux/arm64"]],
    [[" Linux/AMD64 "], ["linux/amd64"]],
  ])("%j ⇒ %j", (given, expected) => {
    expect(parsePlatforms(given)).toEqual(expected)
  })

  it.each([
    [["linux/riscv64"], '"linux/riscv64" is not a platform', "Choose from linux/amd64, linux/arm64."],
    [["linux/amd46"], '"linux/amd46" is not a platform', "Did you mean linux/amd64?"],
    [["amd64"], '"amd64" is not a platform', "Did you mean linux/amd64?"],
    [["aarch64"], '"aarch64" is not a platform', "Did you mean linux/arm64?"],
    [["windows/amd64"], '"windows/amd64" is not a platform', "Choose from linux/amd64, linux/arm64."],
    [[], "--platforms is empty", "Choose from"],
    [[""], "--platforms is empty", "Choose from"],
    [["linux/amd64", ""], "--platforms has an empty entry", "Choose from"],
    [["linux/amd64", "linux/amd64"], "--platforms names linux/amd64 twice", "Name each platform once."],
    [["linux/arm64", "linux/arm64/v8"], "--platforms names linux/arm64 twice", "Name each platform once."],
  ])("%j is refused", (given, problem, remedy) => {
    const refusal = expect.objectContaining({
      code: "PLATFORM_INVALID",
      exitCode: 2,
      problem: expect.stringContaining(problem) as string,
      remedy: expect.stringContaining(remedy) as string,
    }) as RunnerImagesError
    expect(() => parsePlatforms(given)).toThrow(refusal)
  })
})

describe("the platform table", () => {
  it("spells every platform in one way only", () => {
    for (const key of [
      "arch",
      "debian",
      "uname",
      "vendor",
      "gnu",
      "triplet",
      "chromeForTesting",
      "elfMachine",
    ] as const) {
      const values = PLATFORMS.map((platform) => spelling(platform)[key])
      expect(new Set(values).size).toBe(PLATFORMS.length)
    }
  })

  it("knows the platform of this process", () => {
    expect(platformOfNodeArch(process.arch)).toBeDefined()
    expect(platformOfNodeArch("mips")).toBeUndefined()
  })
})
