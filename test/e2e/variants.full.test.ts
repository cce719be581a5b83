import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { VARIANTS } from "../../dagger/src/core/variants/names.js"
import { answer, BOTH, commandLine, layersOf, platformsOf, readReport, sharedBytes } from "./entry-points.js"
import { readFileSync } from "node:fs"

const work = mkdtempSync(join(tmpdir(), "runner-images-all-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

describe("all variants for both platforms", () => {
  beforeAll(async () => {
    const words = ["--variants", "all", "--platforms", BOTH, "--sources", "registry", "--output", work]
    answer(await commandLine("build", ...words))
  }, 60 * 60_000)

  describe.each([...VARIANTS])("%s", (variant) => {
    const layout = join(work, variant)

    it("has an index with both platforms", () => {
      const report = readReport(layout)
      const index = readFileSync(join(layout, "blobs", (report.index ?? "none").replace(":", "/")), "utf8")
      expect(platformsOf(index)).toEqual(BOTH.split(","))
    })

    it("passes at least forty checks on each, and leaves out only what emulation cannot do", () => {
      for (const { checks } of readReport(layout).platforms) {
        expect(checks.filter(({ status }) => status === "passed").length).toBeGreaterThanOrEqual(40)
        expect(checks.filter(({ status }) => status === "failed")).toEqual([])
        for (const { reason } of checks.filter(({ status }) => status === "skipped")) expect(reason).toMatch(/emulat/)
      }
    })

    it("has packages of the same source versions and install methods other than emulation", () => {
      for (const { installation } of readReport(layout).platforms) expect(installation?.method).not.toBe("emulated")
    })
  })

  it.each(BOTH.split(","))("chrome-go shares at least 85 %% of its bytes with chrome on %s", (platform) => {
    const { shared, all } = sharedBytes(
      layersOf(join(work, "chrome-go"), platform),
      layersOf(join(work, "chrome"), platform),
    )
    expect(shared / all).toBeGreaterThanOrEqual(0.85)
  })
})
