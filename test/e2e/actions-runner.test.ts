import { execa } from "execa"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { catalogTool } from "../../dagger/src/core/catalog/catalog.js"
import { platformOfNodeArch } from "../../dagger/src/core/platforms.js"
import { assetName } from "../../dagger/src/core/plan/sources.js"
import { startFakeGitHub } from "../fake-github/fake-github.js"

/** A folder with upstream archives by file name, as --assets takes it. */
const ASSETS = process.env.RUNNER_IMAGES_TEST_ASSETS ?? ""

const platform = platformOfNodeArch(process.arch) ?? "linux/amd64"
const archive = join(ASSETS, assetName(catalogTool("runner").upstream?.files[platform].url ?? "none"))
const reason =
  existsSync(archive) && ASSETS !== ""
    ? undefined
    : "no archive of it in the folder that RUNNER_IMAGES_TEST_ASSETS names"

describe("the Actions runner itself", () => {
  it(`is configured and removed by the fake GitHub${reason === undefined ? "" : ` (skipped: ${reason})`}`, async ({
    skip,
  }) => {
    skip(reason !== undefined, reason)
    const home = mkdtempSync(join(tmpdir(), "runner-images-actions-runner-"))
    const github = await startFakeGitHub()
    try {
      await execa("tar", ["-xzf", archive, "-C", home])
      const repository = github.accounts.addRepository("octo/example")
      const config = (...words: string[]) =>
        execa(join(home, "config.sh"), words, {
          cwd: home,
          env: { RUNNER_ALLOW_RUNASROOT: "1" },
          reject: false,
          all: true,
        })
      const token = github.tokens.createForRunner("registration", repository)
      const url = `${github.url}/octo/example`
      const configured = await config(
        "--unattended",
        "--url",
        url,
        "--token",
        token.token,
        "--name",
        "real",
        "--replace",
      )
      expect(configured.exitCode, configured.all).toBe(0)
      expect(readFileSync(join(home, ".runner"), "utf8")).toContain('"real"')
      const removal = github.tokens.createForRunner("remove", repository)
      const removed = await config("remove", "--token", removal.token)
      expect(removed.exitCode, removed.all).toBe(0)
      expect(readdirSync(home)).not.toContain(".runner")
    } finally {
      await github.close()
      rmSync(home, { recursive: true, force: true })
    }
  })
})
