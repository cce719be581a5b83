import { expect, it } from "vitest"
import { newestDate, parseReleases } from "../../../../dagger/src/core/packages/releases.js"

const TEXT = `==== b_InRelease ${"b".repeat(64)}
Date: Sat, 14 Nov 2026 10:00:00 UTC
==== a_InRelease ${"a".repeat(64)}
Date: Mon, 23 Nov 2026 08:15:30 UTC
`

it("reads Release files in the order of their names", () => {
  expect(parseReleases(TEXT)).toEqual([
    { name: "a_InRelease", sha256: "a".repeat(64), date: "2026-11-23T08:15:30.000Z" },
    { name: "b_InRelease", sha256: "b".repeat(64), date: "2026-11-14T10:00:00.000Z" },
  ])
})

it("dates an image by the youngest", () => {
  expect(newestDate(parseReleases(TEXT))).toBe("2026-11-23T08:15:30Z")
})
