import { expect, it } from "vitest"
import { parityFailures, type ParityRequest } from "../../dagger/src/core/parity/emulation-parity.js"
import { parity } from "../../dagger/src/pipeline/parity/emulation-parity.js"
import { Progress } from "../../dagger/src/core/progress/progress.js"
import { inSession } from "./foreign-packages.js"
import { hostUploads } from "../../src/session/host-uploads.js"

/** What images for tests in browsers have: large programs, fonts with caches of theirs, another Python, compilers. */
const LARGER = ["chromium", "chromium-driver", "fonts-liberation", "fonts-noto-cjk", "python3-full", "build-essential"]

it.each([
  { set: "the standard image's packages", packages: [] },
  { set: "a larger set", packages: LARGER },
])("native programs make the same root of $set as emulated ones, in layers of the same size", async ({ packages }) => {
  const request: ParityRequest = { against: "emulated", variants: ["standard"], packages, refresh: false }
  const reports = await inSession(() => parity(request, { uploads: hostUploads() }, new Progress()))
  expect(reports.flatMap(parityFailures)).toEqual([])
  expect(reports.map(({ suppressed, unused, paths }) => ({ suppressed, unused, enough: paths > 10_000 }))).toEqual([
    { suppressed: [], unused: [], enough: true },
  ])
})
