import { expect, it } from "vitest"
import { reproductionText } from "../../../../dagger/src/core/render/reproduction.js"
import {
  assertReproduced,
  differentPairs,
  withContents,
  type Reproduction,
} from "../../../../dagger/src/core/reproduce/reproduction.js"

const FOUND: Reproduction = {
  variant: "standard",
  original: "sha256:a",
  rebuilt: "sha256:b",
  equal: false,
  index: [],
  platforms: [
    {
      platform: "linux/amd64",
      original: "sha256:c",
      rebuilt: "sha256:d",
      documents: [],
      layers: [
        { place: 2, name: "packages", original: "sha256:1", rebuilt: "sha256:2" },
        { place: 3, name: "node", rebuilt: "sha256:3" },
        { place: 4, name: "runner", original: "sha256:4", rebuilt: "sha256:5" },
      ],
    },
    { platform: "linux/arm64", original: "sha256:e", documents: [], layers: [] },
  ],
}

it("compares the contents of layers that both images have", () => {
  expect(differentPairs(FOUND)).toEqual([
    { original: "sha256:1", rebuilt: "sha256:2" },
    { original: "sha256:4", rebuilt: "sha256:5" },
  ])
  const whole = withContents(FOUND, [
    { files: [], count: 0, otherwise: "compression" },
    { files: [{ path: "/etc/a", only: "rebuilt" }], count: 120 },
  ])
  expect(reproductionText(whole)).toMatchInlineSnapshot(`
    "standard: not reproduced, sha256:a → sha256:b
      linux/amd64: sha256:c → sha256:d
        layer 2, packages: sha256:1 → sha256:2
          the files are the same, but not the compression
        layer 3, node: nothing → sha256:3
        layer 4, runner: sha256:4 → sha256:5
          /etc/a: only in the rebuilt image
          and 119 more files
      linux/arm64: sha256:e → nothing"
  `)
})

it("fails unless the image is the same", () => {
  expect(() => {
    assertReproduced(FOUND, ["a detail"])
  }).toThrow(/sha256:a became sha256:b\.\n  a detail\n.*\[REPRODUCTION_DIFFERS\]$/)
  expect(() => {
    assertReproduced({ ...FOUND, equal: true })
  }).not.toThrow()
})
