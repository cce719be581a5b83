import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bundleSdk } from "../../../src/engine/bare/artefacts/content/sdk-bundle.js"

const folder = mkdtempSync(join(tmpdir(), "sdk-bundle-"))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe("the library of TypeScript modules, as one file", () => {
  let library = ""
  beforeAll(async () => {
    await bundleSdk(folder)
    library = readFileSync(join(folder, "core.js"), "utf8")
  })

  it("is small enough to be transformed at each start of a function", () => {
    expect(library.length).toBeLessThan(3_500_000)
  })

  it("has short lines, one of which Node.js prints with an uncaught error", () => {
    expect(Math.max(...library.split("\n").map((line) => line.length))).toBeLessThan(2000)
  })
})
