import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { PLATFORMS, platformOfNodeArch } from "../../dagger/src/core/platforms.js"
import type { Report } from "../../dagger/src/core/report/report.js"
import { answer, commandLine, dagger, layersOf, readReport, refusal, sharedBytes } from "./entry-points.js"

/** This host's platform and the other: what runs for itself here, and what is emulated. */
const NATIVE = platformOfNodeArch(process.arch) ?? "linux/amd64"
const [FOREIGN = NATIVE] = PLATFORMS.filter((platform) => platform !== NATIVE)

const work = mkdtempSync(join(tmpdir(), "runner-images-variants-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

describe("the variants on this host's own platform", () => {
  const layout = (variant: string) => join(work, variant)
  const report = (variant: string): Report => readReport(layout(variant))

  beforeAll(async () => {
    const words = ["--variants", "all", "--platforms", NATIVE, "--sources", "registry", "--output", work]
    answer(await commandLine("build", ...words))
  })

  it.each(["standard", "chrome", "chrome-go"])(
    "%s passes at least forty checks, and every one that there is",
    (variant) => {
      const checks = report(variant).platforms.flatMap((platform) => platform.checks)
      expect(checks.filter(({ status }) => status === "passed").length).toBeGreaterThanOrEqual(40)
      // One platform alone is as large as no other.
      expect(checks.filter(({ status }) => status !== "passed").map(({ name }) => name)).toEqual(["size/platforms"])
    },
  )

  it.each([
    ["chrome", "standard"],
    ["chrome-go", "chrome"],
  ])("%s has all layers of %s below its own, but for what that one says of itself", (variant, parent) => {
    const inherited = layersOf(layout(parent), NATIVE).slice(0, -1)
    const own = layersOf(layout(variant), NATIVE)
    expect(own.slice(0, inherited.length)).toEqual(inherited)
    expect(own.length).toBeGreaterThan(inherited.length)
  })

  it("chrome-go shares at least 85 % of its bytes with chrome", () => {
    const { shared, all } = sharedBytes(layersOf(layout("chrome-go"), NATIVE), layersOf(layout("chrome"), NATIVE))
    expect(shared / all).toBeGreaterThanOrEqual(0.85)
  })

  it("a lock of chrome-go builds standard again", async () => {
    const output = join(work, "locked")
    const lock = join(layout("chrome-go"), "report.json")
    const words = ["--platforms", NATIVE, "--sources", "registry", "--lock", lock, "--output", output]
    answer(await commandLine("build", ...words))
    expect(readReport(join(output, "standard")).index).toBe(report("standard").index)
  })

  it("a lock of standard refuses what only chrome has", async () => {
    const lock = join(layout("standard"), "report.json")
    const words = ["--variants", "chrome", "--platforms", NATIVE, "--sources", "registry", "--lock", lock]
    const said = refusal(await commandLine("build", ...words, "--output", join(work, "refused")), 2)
    expect(said).toContain("[LOCK_INVALID]")
    expect(said).toMatch(/The lock lacks packages that the image needs on [^:]+: .*chromium,/)
  })

  it("the other platform has the same browser", async () => {
    const browser = report("chrome").platforms[0]?.tools.find(({ name }) => name === "chrome")?.version ?? "none"
    const words = ["--sources", "registry", "container", "--variant", "chrome", "--platform", FOREIGN]
    const run = await dagger("call", ...words, "with-exec", "--args", "google-chrome,--version", "stdout")
    expect(answer(run)).toContain(browser.replace(/-.*$/, ""))
  })

  it("each tells its name, and what it is", () => {
    for (const variant of ["standard", "chrome", "chrome-go"])
      expect(readFileSync(join(layout(variant), "report.md"), "utf8")).toContain(`# ${variant} `)
  })
})
