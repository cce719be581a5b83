import { expect, it } from "vitest"
import type { BuiltVariant } from "../../../dagger/src/pipeline/image/built-variant.js"
import { deliver, type DeliveryContext, type Destination } from "../../../dagger/src/pipeline/oci/destination.js"

const images = [{ variant: "standard" }, { variant: "chrome" }] as BuiltVariant[]
const context = {} as DeliveryContext

it("images are delivered to one destination after the other, and each says where they are", async () => {
  const order: string[] = []
  const destination = (place: Destination["place"], leaveOut?: string): Destination => ({
    place,
    deliver: (all, run) => {
      expect(run).toBe(context)
      order.push(place)
      const taken = all.filter(({ variant }) => variant !== leaveOut)
      return Promise.resolve(new Map(taken.map(({ variant }) => [variant, `${place} of ${variant}`])))
    },
  })
  const delivered = await deliver(images, [destination("directory"), destination("archive", "chrome")], context)
  expect(order).toEqual(["directory", "archive"])
  expect(delivered).toEqual([
    { image: images[0], places: { directory: "directory of standard", archive: "archive of standard" } },
    { image: images[1], places: { directory: "directory of chrome" } },
  ])
})

it("a destination that fails ends the delivery: nothing goes to those after it", async () => {
  const failing: Destination = { place: "directory", deliver: () => Promise.reject(new Error("the disk is full")) }
  let reached = false
  const next: Destination = {
    place: "reference",
    deliver: () => {
      reached = true
      return Promise.resolve(new Map())
    },
  }
  await expect(deliver(images, [failing, next], context)).rejects.toThrow("the disk is full")
  expect(reached).toBe(false)
})
