import { describe, expect, it } from "vitest"
import { catalogTool, parseCatalog, TOOLS } from "../../../dagger/src/core/catalog.js"
import { PLATFORMS } from "../../../dagger/src/core/platforms.js"

describe("the catalog", () => {
  it.each(TOOLS)("%s has every platform, each with a file of its own", (name) => {
    const { upstream } = catalogTool(name)
    if (!upstream) return
    expect(Object.keys(upstream.files)).toEqual([...PLATFORMS])
    expect(new Set(Object.values(upstream.files).map((file) => file.url)).size).toBe(PLATFORMS.length)
    expect(new Set(Object.values(upstream.files).map((file) => file.sha256)).size).toBe(PLATFORMS.length)
    for (const file of Object.values(upstream.files)) expect(file.url).toContain(upstream.version)
  })

  it.each([
    ["sha256", { url: "https://example.test/a", sha256: "unknown" }],
    ["url", { url: "http://example.test/a", sha256: "a".repeat(64) }],
  ])("refuses a file with a wrong %s", (field, file) => {
    const entry = {
      title: "a",
      upstream: {
        version: "1",
        unpack: { kind: "program", path: "/a" },
        files: { "linux/amd64": file, "linux/arm64": file },
      },
      registry: { kind: "deb", package: "a" },
    }
    expect(() => parseCatalog({ a: entry })).toThrow(
      new RegExp(`a\\.upstream\\.files\\.linux/amd64\\.${field} is wrong`),
    )
  })

  it("refuses an entry without one of the platforms", () => {
    const file = { url: "https://example.test/a", sha256: "a".repeat(64) }
    const entry = {
      title: "a",
      upstream: { version: "1", unpack: { kind: "program", path: "/a" }, files: { "linux/amd64": file } },
      registry: { kind: "deb", package: "a" },
    }
    expect(() => parseCatalog({ a: entry })).toThrow(/linux\/arm64 is wrong/)
  })
})
