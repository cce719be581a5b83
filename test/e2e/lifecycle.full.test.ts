import { writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { PLATFORMS, type PlatformName } from "../../dagger/src/core/platforms.js"
import { WAYS } from "../attacks/ways.js"
import { CASES, GROUPS } from "../lifecycle/cases.js"
import { isNative, whyNotRunnable } from "../lifecycle/emulation.js"
import { Gate } from "../lifecycle/gate.js"
import { type CaseResult, runCase } from "../lifecycle/lifecycle-case.js"
import { lifecycleReport } from "../lifecycle/lifecycle-report.js"
import { type Measurements, measure } from "../lifecycle/measurements.js"
import { type PlatformImages, platformImages } from "../lifecycle/platform-images.js"
import { ensureOciTools } from "./oci-tools.js"

/** Most of a case is waiting. */
const AT_ONCE = 2

/** Of our part of an idle runner: target of the runtime contract. */
const MOST_MEMORY = 60 * 2 ** 20
const MOST_PROCESSORS = 0.005

const results: CaseResult[] = []
const measurements: Measurements[] = []
let images: PlatformImages

beforeAll(async () => {
  await ensureOciTools()
  images = await platformImages(PLATFORMS)
})

afterAll(async () => {
  const path = process.env.RUNNER_IMAGES_LIFECYCLE_REPORT
  if (path !== undefined) writeFileSync(path, lifecycleReport({ groups: GROUPS, results, measurements }))
  await images.remove()
})

/** Runs a case and keeps what came of it for the report. */
async function run(platform: PlatformName, lifecycleCase: (typeof CASES)[number]): Promise<void> {
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000
  try {
    await runCase(lifecycleCase, images.image(platform))
    results.push({ case: lifecycleCase, platform, status: "passed", seconds: seconds() })
  } catch (error) {
    results.push({ case: lifecycleCase, platform, status: "failed", seconds: seconds() })
    throw error
  }
}

describe.each(PLATFORMS)("lifecycle of the image for %s", (platform) => {
  const why = whyNotRunnable(platform)
  const gate = new Gate(AT_ONCE)

  // On their own, since the cases beside them would be measured as well.
  it.for(WAYS.map((way) => [way.name, way] as const))(
    "starts soon, and takes little when idle: %s",
    async ([, way], { skip }) => {
      if (why !== undefined) return skip(why)
      const measured = await measure(images.image(platform), way)
      measurements.push(measured)
      expect(measured.idle !== undefined).toBe(isNative(platform))
      expect(measured.idle?.memory ?? 0).toBeLessThanOrEqual(MOST_MEMORY)
      expect(measured.idle?.processors ?? 0).toBeLessThanOrEqual(MOST_PROCESSORS)
    },
  )

  it.concurrent.for(CASES.map((lifecycleCase) => [lifecycleCase.name, lifecycleCase] as const))(
    "%s",
    async ([, each], { skip }) => {
      if (why !== undefined) {
        results.push({ case: each, platform, status: "skipped", why })
        return skip(why)
      }
      await gate.pass(() => run(platform, each))
    },
  )
})
