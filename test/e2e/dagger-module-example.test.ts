import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execa } from "execa"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { answer, daggerIn, ROOT } from "./entry-points.js"

/** A checkout as a user has it: the engine writes the generated client beside a module's sources. */
const checkout = mkdtempSync(join(tmpdir(), "runner-images-example-"))
const example = join(checkout, "examples/dagger-module")
afterAll(() => {
  rmSync(checkout, { recursive: true, force: true })
})

beforeAll(async () => {
  for (const name of ["dagger", "dagger.json", "docker", "examples"])
    cpSync(join(ROOT, name), join(checkout, name), { recursive: true })
  await execa("git", ["init", "--quiet"], { cwd: checkout })
})

describe("a module that depends on this one", () => {
  it("extends an image", async () => {
    const image = ["call", "image"]
    const run = await daggerIn(example, ...image, "with-exec", "--args", "sh,-c,cat /etc/motd; jq --version", "stdout")
    expect(answer(run)).toMatch(/^Built on runner-images\.\njq-/)
    expect(answer(await daggerIn(example, ...image, "label", "--name", "com.example.team")).trim()).toBe("platform")
  })
})
