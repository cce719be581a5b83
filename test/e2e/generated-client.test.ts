import { execa } from "execa"
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { answer, daggerIn, ROOT } from "./entry-points.js"

/** The module with the client that the engine generates for it, which is not npm's: it has no `dag.host()`, for one. */
const work = mkdtempSync(join(tmpdir(), "runner-images-client-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

beforeAll(async () => {
  for (const name of ["dagger", "dagger.json", "docker"])
    cpSync(join(ROOT, name), join(work, name), { recursive: true })
  rmSync(join(work, "dagger/sdk"), { recursive: true, force: true })
  // A module ends where its repository does.
  await execa("git", ["init", "--quiet"], { cwd: work })
  answer(await daggerIn(work, "develop"))
  symlinkSync(join(ROOT, "node_modules"), join(work, "node_modules"))
})

/** What the compiler finds in the module's own sources. What the SDK brings is the SDK's business. */
async function findings(): Promise<string[]> {
  const options = [
    "-p",
    "dagger",
    "--noEmit",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "--pretty",
    "false",
  ]
  const { stdout } = await execa(join(ROOT, "node_modules/.bin/tsc"), options, { cwd: work, reject: false })
  return stdout.split("\n").filter((line) => line.startsWith("dagger/src/"))
}

describe("the module's sources against its generated client", () => {
  it("have the right types", async () => {
    expect(await findings()).toEqual([])
  })

  it("would be found out if they used what only npm's client has", async () => {
    appendFileSync(
      join(work, "dagger/src/pipeline/engine/module-uploads.ts"),
      '\nexport const wrong = dag.host().file("/etc/passwd")\n',
    )
    expect(await findings()).toEqual([expect.stringContaining("Property 'host' does not exist")])
  })
})
