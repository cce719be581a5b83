import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { browserChecks, SCREENSHOT } from "../../../dagger/src/core/checks/browser.js"
import { HELPERS } from "../../../dagger/src/core/checks/check.js"
import { planVariant } from "../../../dagger/src/core/plan/plan.js"
import { archOf, PLATFORMS } from "../../../dagger/src/core/platforms.js"
import type { BuildRequest } from "../../../dagger/src/core/request/request.js"

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url))
const pictureOf = (platform: (typeof PLATFORMS)[number]) => path(`docs/images/page-${archOf(platform)}.png`)

// scripts/page-pictures.ts writes them.
describe("the documentation's pictures of a page", () => {
  it.each(PLATFORMS)("pass the smoke test of the picture: %s", (platform) => {
    const request: BuildRequest = {
      platforms: [platform],
      variants: ["chrome"],
      sources: "registry",
      sudo: false,
      refresh: false,
    }
    const plan = planVariant("chrome", request, { mode: "registry", reason: "" })
    const checks = browserChecks({ platform, emulated: false, plan, tools: [], packages: [] })
    const check = checks.find(({ name }) => name === "browser/screenshot")
    const command = check?.command
      .replace(HELPERS, path("dagger/scripts/checks"))
      .replace(SCREENSHOT, pictureOf(platform))
    const output = execFileSync("sh", ["-c", command ?? "false"], { encoding: "utf8" }).trim()
    expect({ kind: "equals", value: output }).toEqual(check?.expect)
  })

  it("are the same on every platform, byte for byte, and small", () => {
    const pictures = PLATFORMS.map((platform) => readFileSync(pictureOf(platform)))
    expect(new Set(pictures.map((picture) => picture.toString("base64"))).size).toBe(1)
    expect(pictures[0]?.length).toBeLessThan(30_000)
  })
})
