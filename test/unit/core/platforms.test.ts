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
  it("spells every platform as the tools and vendors do", () => {
    expect(Object.fromEntries(PLATFORMS.map((platform) => [platform, spelling(platform)]))).toMatchInlineSnapshot(`
      {
        "linux/amd64": {
          "aliases": [],
          "arch": "amd64",
          "chromeForTesting": "linux64",
          "debian": "amd64",
          "elfClass": 64,
          "elfMachine": 62,
          "gnu": "x86_64",
          "raceDetector": true,
          "triplet": "x86_64-linux-gnu",
          "ubuntuArchive": "http://archive.ubuntu.com/ubuntu",
          "uname": "x86_64",
          "vendor": "x64",
        },
        "linux/arm64": {
          "aliases": [
            "linux/arm64/v8",
          ],
          "arch": "arm64",
          "chromeForTesting": "linux-arm64",
          "debian": "arm64",
          "elfClass": 64,
          "elfMachine": 183,
          "gnu": "aarch64",
          "raceDetector": true,
          "triplet": "aarch64-linux-gnu",
          "ubuntuArchive": "http://ports.ubuntu.com/ubuntu-ports",
          "uname": "aarch64",
          "vendor": "arm64",
        },
      }
    `)
  })

  it("knows platforms by Node.js' names", () => {
    expect(["x64", "arm64", "amd64", "mips"].map(platformOfNodeArch)).toEqual([
      "linux/amd64",
      "linux/arm64",
      undefined,
      undefined,
    ])
  })
})
