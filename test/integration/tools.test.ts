import { connection, dag } from "@dagger.io/dagger"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { native } from "../../dagger/src/pipeline/native.js"
import { withTool } from "../../dagger/src/pipeline/tools.js"

/** An upstream archive of the GitHub CLI's form, made here. */
const folder = mkdtempSync(join(tmpdir(), "runner-images-assets-"))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})
const name = "gh_9.9.9_linux_amd64.tar.gz"
mkdirSync(join(folder, "gh_9.9.9_linux_amd64/bin"), { recursive: true })
writeFileSync(join(folder, "gh_9.9.9_linux_amd64/bin/gh"), "#!/bin/sh\necho gh version 9.9.9\n", { mode: 0o755 })
execFileSync("tar", ["-czf", name, "gh_9.9.9_linux_amd64"], { cwd: folder })
const sha256 = createHash("sha256")
  .update(readFileSync(join(folder, name)))
  .digest("hex")

const place = async (expected: string) => {
  const side = await native(undefined)
  const sources = { docker: dag.directory(), assets: dag.host().directory(folder) }
  const tool = {
    name: "gh",
    from: "upstream",
    version: "9.9.9",
    url: `https://example.test/v9.9.9/${name}`,
    sha256: expected,
  } as const
  return withTool(side, side.container, tool, sources)
}

describe("an upstream archive from the assets folder", () => {
  it("is unpacked to where the catalog says, and nothing beside it", async () => {
    await connection(async () => {
      const image = await place(sha256)
      expect(await image.withExec(["gh", "--version"]).stdout()).toBe("gh version 9.9.9\n")
      expect(await image.directory("/usr/local/bin").entries()).toEqual(["gh"])
    })
  })

  it("with another checksum is refused, naming file, expected and actual", async () => {
    await connection(async () => {
      await expect(place("0".repeat(64))).rejects.toMatchObject({
        code: "DOWNLOAD_MISMATCH",
        problem: expect.stringMatching(new RegExp(`${name}.*expected sha256 0{64}, actual ${sha256}`)) as string,
      })
    })
  })
})
