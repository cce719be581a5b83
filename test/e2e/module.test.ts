import { stripVTControlCharacters } from "node:util"
import { describe, expect, it } from "vitest"
import { answer, dagger } from "./entry-points.js"

/** Dagger pads its tables and writes its headings in bold; only the words are of interest. */
const words = (text: string) =>
  stripVTControlCharacters(text)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")

describe("the module's interface", () => {
  it("has these functions", async () => {
    expect(words(answer(await dagger("functions", "--progress", "plain")))).toMatchSnapshot()
  })

  it.each(["", "build", "container", "test", "plan", "parity", "publish"])("%s --help", async (name) => {
    expect(words(answer(await dagger("call", ...name.split(" ").filter(Boolean), "--help")))).toMatchSnapshot()
  })

  it("plans without building", async () => {
    const plan = JSON.parse(
      answer(await dagger("call", "--sources", "registry", "plan", "--platforms", "linux/arm64")),
    ) as {
      variant: string
      platforms: { platform: string; packages: string[] }[]
    }[]
    expect(plan).toMatchObject([{ variant: "standard", platforms: [{ platform: "linux/arm64" }] }])
    expect(plan[0]?.platforms[0]?.packages).toContain("git")
  })

  it.each([
    [["plan", "--variants", "chorme"], /There is no variant "chorme"/],
    [["plan", "--platforms", "linux/riscv64"], /"linux\/riscv64" is not a platform/],
    [["--sources", "nowhere", "plan"], /"nowhere" is not a place/],
  ])("refuses %j with our own message", async (wrong, message) => {
    const result = await dagger("call", ...wrong)
    expect(result.exitCode).not.toBe(0)
    expect(result.stderr).toMatch(message)
  })
})
