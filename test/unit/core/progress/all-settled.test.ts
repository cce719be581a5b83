import { expect, it } from "vitest"
import { allSettled } from "../../../../dagger/src/core/progress/all-settled.js"

it("results are in the order of the work", async () => {
  const slow = new Promise<string>((resolve) => setTimeout(resolve, 10, "slow"))
  expect(await allSettled([slow, Promise.resolve("fast")])).toEqual(["slow", "fast"])
})

it("the first failure is thrown, when the rest of the work has ended", async () => {
  let ended = false
  const slow = new Promise<void>((resolve) => setTimeout(resolve, 10)).then(() => {
    ended = true
  })
  const failing = [Promise.reject(new Error("first")), slow, Promise.reject(new Error("second"))]
  await expect(allSettled(failing)).rejects.toThrow("first")
  expect(ended).toBe(true)
})
