import { expect, it } from "vitest"
import { throughLinks } from "../../../../dagger/src/core/variants/custom/links.js"

/** /0 → /1 → … → /target */
const chain = (links: number) =>
  new Map(Array.from({ length: links }, (_, at) => [`/${at}`, at === links - 1 ? "/target" : `/${at + 1}`]))

it("as many links are followed on one path as Linux follows, and no more", () => {
  expect(throughLinks("/0/file", chain(40))).toBe("/target/file")
  expect(throughLinks("/0/file", chain(41))).toBeUndefined()
})
