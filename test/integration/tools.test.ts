import { connection, dag } from "@dagger.io/dagger"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { native } from "../../dagger/src/pipeline/native.js"
import { script } from "../../dagger/src/pipeline/script.js"
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

it("a package of the npm registry that is built when it is installed is refused", async () => {
  const manifest = { name: "built", version: "1.0.0", scripts: { test: "true", install: "node-gyp rebuild" } }
  // Packed twice alike, so the checksum is right; npm takes a folder for a package.
  const fetch = `
    file=$(npm pack --silent /package)
    integrity="sha512-$(openssl dgst -sha512 -binary "$file" | openssl base64 -A)"
    sh /fetch.sh /package "$integrity" 1 2>&1 || echo "exit $?"`
  const output: string[] = []
  await connection(async () => {
    const { toolbox } = await native(undefined)
    const container = toolbox
      .withNewFile("/package/package.json", JSON.stringify(manifest))
      .withNewFile("/fetch.sh", script("fetch-npm.sh"))
      .withNewFile("/unpack.sh", script("unpack.sh"))
      .withWorkdir("/download")
    output.push(await container.withExec(["sh", "-ec", fetch]).stdout())
    const plain = JSON.stringify({ ...manifest, scripts: { test: "true" } })
    const whole = container.withNewFile("/package/package.json", plain)
    output.push(await whole.withExec(["sh", "-ec", `${fetch}; ls /unpacked`]).stdout())
  })
  expect(output).toEqual([
    "/package has to be built when it is installed (install), which is not done for another platform\nexit 4\n",
    "package.json\n",
  ])
})
