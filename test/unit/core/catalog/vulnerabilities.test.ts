import { compareVersions } from "compare-versions"
import { describe, expect, it } from "vitest"
import { FINISHED } from "../../../../dagger/src/core/catalog/feeds/feed.js"
import { TOOL_ENTRIES } from "../../../../dagger/src/core/catalog/tools.js"
import {
  VULNERABILITIES,
  vulnerabilitiesOf,
  vulnerabilityText,
  type Vulnerability,
} from "../../../../dagger/src/core/catalog/vulnerabilities.js"

describe("a known vulnerability", () => {
  const known: Vulnerability[] = [{ id: "CVE-1", tool: "go", fixed: ["1.26.10", "1.28.3"] }]
  it.each([
    ["1.26.9", true],
    ["1.26.10", false],
    ["1.26.11", false],
    ["1.28.2", true],
    ["1.28.3", false],
    ["1.28.10", false],
    // Lines without a fix: the older ones and the one in between have none, the newer one began with it.
    ["1.25.99", true],
    ["1.2.0", true],
    ["1.27.99", true],
    ["1.29.0", false],
  ])("affects %s: %s", (version, affected) => {
    expect(vulnerabilitiesOf("go", version, known).length > 0).toBe(affected)
    expect(vulnerabilitiesOf("node", version, known)).toEqual([])
  })

  it("is named with the versions that fix it", () => {
    expect(vulnerabilityText({ tool: "go", title: "Go", version: "1.27.2" })).toBe(
      "Go 1.27.2 has a known vulnerability: CVE-2026-111943, fixed in 1.26.10 and 1.27.3",
    )
    expect(vulnerabilityText({ tool: "go", title: "Go", version: "1.27.3" })).toBeUndefined()
  })
})

it.each(VULNERABILITIES)(
  "$id is about a tool of the catalog, and names versions in their order",
  ({ id, tool, fixed }) => {
    expect(id).toMatch(/^CVE-\d{4}-\d{4,}$/)
    expect(TOOL_ENTRIES).toHaveProperty(tool)
    for (const version of fixed) expect(version).toMatch(FINISHED)
    expect(fixed.toSorted(compareVersions)).toEqual(fixed)
  },
)
