import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, it } from "vitest"
import type { ContainerUsage } from "../../../docker/runtime/src/usage/container-usage.js"
import { JobMeter } from "../../../docker/runtime/src/usage/job-meter.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const MEBIBYTE = 2 ** 20

/** A source that tells one after the other, and then the last again. */
function source(...usages: ContainerUsage[]) {
  let next = 0
  return { read: () => usages[Math.min(next++, usages.length - 1)], interval: 10 }
}

it("tells what a job used more than before it, and the highest memory in between", async () => {
  const meter = new JobMeter(
    source(
      { cpuSeconds: 100, memoryBytes: 10 },
      { cpuSeconds: 101, memoryBytes: 500 },
      { cpuSeconds: 107.5, memoryBytes: 20 },
    ),
    temporaryFolder("meter"),
  )
  meter.start()
  await sleep(100)
  expect(await meter.stop()).toMatchObject({ cpuSeconds: 7.5, memoryPeakBytes: 500 })
})

it("begins anew with each job", async () => {
  const meter = new JobMeter(
    source(
      { cpuSeconds: 1, memoryBytes: 900 },
      { cpuSeconds: 2, memoryBytes: 900 },
      { cpuSeconds: 2, memoryBytes: 30 },
      { cpuSeconds: 5, memoryBytes: 20 },
    ),
    "/nowhere",
  )
  meter.start()
  expect(await meter.stop()).toEqual({ cpuSeconds: 1, memoryPeakBytes: 900 })
  meter.start()
  expect(await meter.stop()).toEqual({ cpuSeconds: 3, memoryPeakBytes: 30 })
})

it("tells the most that was used of the disk, also if it was removed before the job's end", async () => {
  const folder = temporaryFolder("meter")
  const meter = new JobMeter(source({ cpuSeconds: 0, memoryBytes: 1 }), folder)
  meter.start()
  await sleep(100)
  writeFileSync(join(folder, "large"), Buffer.alloc(64 * MEBIBYTE, 1), { flush: true })
  await sleep(300)
  rmSync(join(folder, "large"))
  // Others may write to the same file system, or remove from it.
  expect((await meter.stop()).diskUsedBytes).toBeGreaterThan(32 * MEBIBYTE)
})

it("tells nothing of no job, nor what cannot be known", async () => {
  expect(await new JobMeter(source({ cpuSeconds: 1, memoryBytes: 1 }), "/").stop()).toEqual({})
  const unknown = new JobMeter({ read: () => undefined, interval: 10 }, "/nowhere")
  unknown.start()
  expect(await unknown.stop()).toEqual({})
})
