import { compareVersions } from "compare-versions"
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { PLATFORMS } from "../../../dagger/src/core/platforms.js"
import { plannedTool } from "../../../dagger/src/core/plan/plan.js"
import { DEFAULT_BASE } from "../../../dagger/src/core/variants/bases.js"

const source = (name: string) =>
  readFileSync(new URL(`../../../dagger/scripts/estargz/${name}`, import.meta.url), "utf8")

it("the catalog's Go is as new as the eStargz program and its modules need", () => {
  const needed = /^go (\S+)$/m.exec(source("go.mod"))?.[1] ?? expect.fail("go.mod has no go line")
  const versions = PLATFORMS.flatMap((platform) =>
    plannedTool("go", platform, "registry", DEFAULT_BASE).map((tool) => ("version" in tool ? tool.version : "none")),
  )
  expect(versions).toHaveLength(PLATFORMS.length)
  for (const version of versions) expect(compareVersions(version, needed)).not.toBe(-1)
})

it("every module of the eStargz program has a checksum", () => {
  const modules = [...source("go.mod").matchAll(/^(?:require|\t)\s*(\S+\/\S+ v\S+)/gm)].map(([, module]) => module)
  expect(modules.length).toBeGreaterThanOrEqual(4)
  for (const module of modules) expect(source("go.sum")).toContain(`${module ?? ""} h1:`)
})
