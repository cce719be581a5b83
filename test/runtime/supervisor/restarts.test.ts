import { expect, it } from "vitest"
import { Restarts } from "../../../docker/runtime/src/supervisor/restarts.js"

const limits = { attempts: 5, delay: 1000, longest: 4000, settled: 60_000 }

it("restarts are further and further apart, and not for ever", () => {
  const restarts = new Restarts(limits)
  expect(Array.from({ length: 7 }, () => restarts.next(10))).toEqual([
    1000,
    2000,
    4000,
    4000,
    4000,
    undefined,
    undefined,
  ])
})

it("restarts begin from zero after a listener that was well", () => {
  const restarts = new Restarts(limits)
  expect([10, 10, 60_000, 10].map((lived) => restarts.next(lived))).toEqual([1000, 2000, 1000, 2000])
})
