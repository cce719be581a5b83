import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { archOf, PLATFORMS } from "../../../dagger/src/core/platforms.js"

const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url))
const pictures = PLATFORMS.map((platform) => path(`docs/images/page-${archOf(platform)}.png`))

// scripts/page-pictures.ts writes them.
it("the documentation's pictures of a page are the same on every platform, byte for byte, and small", () => {
  const [first = Buffer.alloc(0), ...others] = pictures.map((picture) => readFileSync(picture))
  expect(first.length).toBeLessThan(30_000)
  expect(others.map((other) => other.equals(first))).toEqual([true])
  const [picture = ""] = pictures
  const points = ["80,60", "240,60", "400,60", "560,60", "639,359"]
  expect(
    execFileSync("node", [path("dagger/scripts/checks/png-pixels.mjs"), picture, ...points], { encoding: "utf8" }),
  ).toBe("640x360 cc0000 00aa44 0044cc ffcc00 ffffff\n")
})
