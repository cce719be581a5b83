import { expect, it } from "vitest"
import { planVariant } from "../../dagger/src/core/plan.js"
import { bothRoads, foreignOf, inSession } from "./foreign-packages.js"

it("native programs make the same root of the standard image's packages as emulated ones", async () => {
  const found = await inSession((side) => {
    const platforms = [foreignOf(side)]
    const request = {
      platforms,
      variants: ["standard" as const],
      sources: "registry" as const,
      sudo: false,
      refresh: false,
    }
    const [plan] = planVariant("standard", request, { mode: "registry", reason: "test" }).platforms
    return bothRoads(side, plan?.packages ?? [])
  })
  expect(found).toEqual({ roads: [{ road: "accelerated" }, { road: "emulated" }], differences: [] })
})
