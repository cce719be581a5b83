import { describe, expect, it } from "vitest"
import { pushedText, pushSchema, type Pushed } from "../../../../dagger/src/core/oci/registry-answers.js"

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const pushed: Pushed = {
  repository: "owner/runner",
  index: digest("1"),
  uploaded: { blobs: 3, bytes: 12_345_678 },
  mounted: { blobs: 9, bytes: 1, from: ["owner/runner-chrome"] },
  present: { blobs: 14, bytes: 1 },
  referrers: [],
  attached: 0,
  fallbackTags: [],
}
const nothing = { blobs: 0, bytes: 0 }

describe("pushedText", () => {
  it.each<[Partial<Pushed>, string]>([
    [{}, "uploaded 3 blobs, 12.3 MB; 14 were there; 9 mounted from ghcr.io/owner/runner-chrome"],
    [{ uploaded: nothing, mounted: { ...nothing, from: [] } }, "uploaded nothing; 14 were there"],
    [
      {
        uploaded: { blobs: 1, bytes: 1 },
        present: { blobs: 1, bytes: 1 },
        mounted: { blobs: 2, bytes: 2, from: [] },
      },
      "uploaded 1 blob, 0.0 MB; 1 was there; 2 mounted from elsewhere in the registry",
    ],
    [
      { mounted: { ...nothing, from: [] }, present: nothing, referrers: [digest("2"), digest("3")], attached: 1 },
      "uploaded 3 blobs, 12.3 MB; 2 referrers, 1 new",
    ],
    [
      { mounted: { ...nothing, from: [] }, present: nothing, referrers: [digest("2")], fallbackTags: ["sha256-1"] },
      "uploaded 3 blobs, 12.3 MB; 1 referrer, none new, listed by tags",
    ],
  ])("says of %j: %s", (change, text) => {
    expect(pushedText("ghcr.io", { ...pushed, ...change })).toBe(`ghcr.io/owner/runner: ${text}`)
  })
})

it("refuses an answer without a digest", () => {
  expect(pushSchema.safeParse({ repositories: [pushed] }).success).toBe(true)
  expect(pushSchema.safeParse({ repositories: [{ ...pushed, index: "latest" }] }).success).toBe(false)
})
