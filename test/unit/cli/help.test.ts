import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { commandLine, help, ROOT } from "./command-line.js"

describe("help of", () => {
  for (const command of [
    "",
    "build",
    "publish",
    "test",
    "plan",
    "parity",
    "reproduce",
    "diff",
    "sbom",
    "dockerfile",
    "inspect",
    "promote",
    "rollback",
    "cleanup",
    "verify",
    "list",
    "vulnerabilities",
    "bench",
    "catalog",
    "catalog check",
    "catalog outdated",
    "catalog update",
    "doctor",
    "engine",
    "completion",
  ])
    it(command === "" ? "the program" : command, async () => {
      await expect(`${await help(command)}\n`).toMatchFileSnapshot(`help/${command.replace(" ", "-") || "program"}.txt`)
    })
})

describe.concurrent("the program", () => {
  it("shows its help when nothing is asked of it", async ({ expect }) => {
    const [bare, asked] = await Promise.all([commandLine([]), commandLine(["--help"])])
    expect(bare).toEqual({ exitCode: 0, stdout: await help(""), stderr: "" })
    expect(asked).toEqual(bare)
  })

  it("says its version", async ({ expect }) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }
    expect(await commandLine(["--version"])).toEqual({ exitCode: 0, stdout: version, stderr: "" })
  })

  it("plans without an engine, as JSON for programs", async ({ expect }) => {
    const { exitCode, stdout, stderr } = await commandLine([
      "plan",
      "--json",
      "--sources",
      "registry",
      "--platforms",
      "linux/arm64/v8",
      "--sudo",
    ])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    const [plan, ...others] = JSON.parse(stdout) as {
      variant: string
      platforms: { platform: string; packages: string[] }[]
    }[]
    expect(others).toEqual([])
    expect(plan?.platforms.map(({ platform }) => platform)).toEqual(["linux/arm64"])
    expect(plan?.platforms[0]?.packages).toContain("sudo")
  })
})
