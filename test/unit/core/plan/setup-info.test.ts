import { expect, it } from "vitest"
import { SETUP_INFO, setupInfoText } from "../../../../dagger/src/core/plan/setup-info.js"

it("the runner shows in every job which image it is in", () => {
  const plan = {
    title: "GitHub Actions runner",
    variant: "standard",
    base: "debian:trixie-slim",
    runner: "act",
  } as const
  const text = setupInfoText(plan, "linux/arm64", {
    version: "1.2.3",
    created: "2026-11-30T00:00:00Z",
    runnerVersion: "0.13.0-act",
  })
  expect(SETUP_INFO.path).toBe("/home/runner/.setup_info")
  const [{ group, detail } = { group: "", detail: "" }, ...others] = JSON.parse(text) as Record<
    "group" | "detail",
    string
  >[]
  expect(others).toEqual([])
  expect(`${group}\n${detail}`).toMatchInlineSnapshot(`
    "Runner Image
    Image: GitHub Actions runner
    Variant: standard
    Platform: linux/arm64
    Base: debian:trixie-slim
    Version: 1.2.3
    Runner: 0.13.0-act (github-act-runner, unofficial)
    Created: 2026-11-30T00:00:00Z
    Report: report.md and report.json, beside the image's layout (dist/standard unless the build had another --output)"
  `)
})
