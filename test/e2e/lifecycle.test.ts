import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { platformOfNodeArch } from "../../dagger/src/core/platforms.js"
import { CASES, GATE_CASES } from "../lifecycle/cases.js"
import { runCase } from "../lifecycle/lifecycle-case.js"
import { type PlatformImages, platformImages } from "../lifecycle/platform-images.js"
import { ensureOciTools } from "./oci-tools.js"

/** What this host runs without emulation. */
const NATIVE = platformOfNodeArch(process.arch) ?? "linux/amd64"

describe("lifecycle of the built image on this host's own platform", () => {
  let images: PlatformImages

  beforeAll(async () => {
    await ensureOciTools()
    images = await platformImages([NATIVE])
  })
  afterAll(async () => {
    await images.remove()
  })

  it("has names of its own for all cases, and enough of them", () => {
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length)
    expect(CASES.length).toBeGreaterThanOrEqual(45)
  })

  it.for(GATE_CASES.map((lifecycleCase) => [lifecycleCase.name, lifecycleCase] as const))("%s", async ([, each]) => {
    await runCase(each, images.image(NATIVE))
  })
})
