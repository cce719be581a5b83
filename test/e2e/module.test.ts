import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { describe, expect, it } from "vitest"
import type { ImageSources } from "../../dagger/src/core/report/report.js"
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

  it.each(
    "|build|container|test|checks|plan|parity|reproduce|publish|inspect|promote|rollback|cleanup|verify".split("|"),
  )("%s --help", async (name) => {
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
    [["--sources", "nowhere", "plan"], /"nowhere" is not a source of tools/],
  ])("refuses %j with our own message", async (wrong, message) => {
    const result = await dagger("call", ...wrong)
    expect(result.exitCode, result.stderr).not.toBe(0)
    expect(result.stderr).toMatch(message)
  })
})

/** The engine answers the constructor from its cache, so that its arguments may come from a session that has ended. */
it("takes a file and a service of the second session, not of the first", async () => {
  const folder = mkdtempSync(join(tmpdir(), "runner-images-module-"))
  const definition = join(folder, "tools.yaml")
  const define = (title: string) => {
    writeFileSync(
      definition,
      `name: tools\nextends: standard\ntitle: ${title}\ndescription: A test\nchecks:\n  - { name: bash, proves: bash runs, command: bash --version, expect: { contains: bash } }\n`,
    )
  }
  const mirror = { status: 200, requests: 0 }
  const server = createServer((_, response) => {
    mirror.requests++
    response.writeHead(mirror.status).end()
  })
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    const shared = [
      ["--definition", definition],
      ["--mirror", `http://127.0.0.1:${String(port)}`],
      ["--mirror-service", `tcp://127.0.0.1:${String(port)}`],
    ].flat()
    const plan = async () =>
      (JSON.parse(answer(await dagger("call", ...shared, "plan"))) as { title: string; sources: ImageSources }[])[0]
    define("First")
    expect(await plan()).toMatchObject({ title: "First", sources: { tools: { node: { from: "upstream" } } } })
    expect(mirror.requests).toBeGreaterThan(0)
    Object.assign(mirror, { status: 404, requests: 0 })
    expect(await plan()).toMatchObject({ title: "First", sources: { tools: { node: { from: "registry" } } } })
    expect(mirror.requests).toBeGreaterThan(0)
    define("Second")
    expect(await plan()).toMatchObject({ title: "Second" })
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
