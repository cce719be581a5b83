import { setTimeout as sleep } from "node:timers/promises"
import { expect, it } from "vitest"
import { Gate } from "../../lifecycle/gate.js"

it("lets as many through at once as it is wide, also after a failure", async () => {
  const gate = new Gate(2)
  let [inside, most] = [0, 0]
  const work = async (fails: boolean): Promise<void> => {
    most = Math.max(most, ++inside)
    await sleep(5)
    inside--
    if (fails) throw new Error("failed")
  }
  const ends = await Promise.allSettled([true, true, false, false, false].map((fails) => gate.pass(() => work(fails))))
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled", "fulfilled", "fulfilled"])
  expect({ inside, most }).toEqual({ inside: 0, most: 2 })
})
