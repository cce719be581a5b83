import { setTimeout as sleep } from "node:timers/promises"
import { expect, it } from "vitest"
import { Progress } from "../../../../dagger/src/core/progress/progress.js"

const ARM = "linux/arm64"

it("counts the time of steps that run beside each other and within each other once, and no time between them", async () => {
  const progress = new Progress()
  const nested = () => progress.run(ARM, "inner", () => sleep(100))
  await Promise.all([progress.run(ARM, "outer", nested), progress.run("all platforms", "toolbox", () => sleep(60))])
  await sleep(300)
  await progress.run(ARM, "last", () => sleep(40))
  const sum = progress.steps(ARM).reduce((total, { seconds }) => total + seconds, 0)
  expect(sum).toBeGreaterThanOrEqual(0.29)
  expect(progress.seconds(ARM)).toBeGreaterThanOrEqual(0.13)
  // Slow machines stretch each of them, so it is compared with the sum, which would have two of them twice.
  expect(progress.seconds(ARM)).toBeLessThan(sum - 0.1)
})

it("leaves out other platforms' steps, and other variants'", async () => {
  const progress = new Progress()
  await progress.run("linux/amd64", "packages", () => sleep(20))
  await progress.of("chrome", true).run(ARM, "packages", () => sleep(20))
  expect(progress.seconds(ARM, ["standard"])).toBe(0)
  expect(progress.seconds(ARM, ["chrome"])).toBeGreaterThan(0)
  expect(progress.seconds(ARM)).toBe(progress.seconds(ARM, ["chrome"]))
})
