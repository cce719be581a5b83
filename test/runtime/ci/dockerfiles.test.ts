import { execa } from "execa"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { VARIANTS } from "../../../dagger/src/core/variants/names.js"
import { dockerfileName } from "../../../dagger/src/core/dockerfile/dockerfile.js"
import { upstreamVersion } from "../../../dagger/src/core/packages/resolved-packages.js"
import { DOCKER_FOLDER, PROJECT_ROOT } from "../../../src/host/paths.js"
import { hadolint } from "../../ci/hadolint.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const folder = mkdtempSync(join(tmpdir(), "runner-images-hadolint-"))
const linter = await hadolint(folder)
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})
const missing = "missing" in linter ? linter.missing : undefined

/** What hadolint says of a file. */
async function findings(file: string): Promise<string> {
  if ("missing" in linter) throw new Error(linter.missing)
  const { stdout, stderr } = await execa(linter.program, ["--no-color", file], { reject: false })
  return `${stdout}${stderr}`
}

describe(`hadolint${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  it.skipIf(missing !== undefined).each(VARIANTS)("finds nothing in the Dockerfile of %s", async (variant) => {
    expect(await findings(join(DOCKER_FOLDER, dockerfileName(variant)))).toBe("")
  })

  it.skipIf(missing !== undefined).each([
    ["a variable that the shell splits", '"$triplet"', "$triplet", "SC2086"],
    ["a folder that is no absolute path", "WORKDIR /home/runner", "WORKDIR runner", "DL3000"],
    ["a container that starts as root", "USER 1001", "USER root", "DL3002"],
  ])("would find %s", async (_, from, to, rule) => {
    const text = readFileSync(join(DOCKER_FOLDER, "Dockerfile"), "utf8")
    expect(text).toContain(from)
    const file = join(temporaryFolder("runner-images-hadolint"), "Dockerfile")
    writeFileSync(file, text.replace(from, to))
    expect(await findings(file)).toContain(rule)
  })
})

it("facts.sh names versions as the pipeline does", async () => {
  const versions = [
    ...["26.1.5+dfsg1-9+deb13u1+b1", "0.13.1+ds1-3", "2.26.1-4", "2.46.0-3", "1:2.47.3-0+deb13u1", "3.13.5-2+deb13u5"],
    ...["156.0.8078.108-1~deb13u1", "1:1.3.dfsg+really1.3.1-1", "20250419", "2.0~rc1-1", "1.2.3-4ubuntu0.24.04.1"],
  ]
  const root = temporaryFolder("runner-images-facts")
  const status = versions.map(
    (version, index) =>
      `Package: p${index}\nStatus: install ok installed\nMaintainer: nobody\nArchitecture: all\nVersion: ${version}\nDescription: none\n\n`,
  )
  await execa("mkdir", ["-p", join(root, "var/lib/dpkg/info"), join(root, "var/lib/dpkg/updates")])
  writeFileSync(join(root, "var/lib/dpkg/status"), status.join(""))
  const script = readFileSync(join(PROJECT_ROOT, "dagger/scripts/dockerfile/facts.sh"), "utf8")
  const commands = versions.map((_, index) => `version p${index} && echo`).join("\n")
  const { stdout } = await execa("sh", ["-euc", `${script.replaceAll("/target", root)}\n${commands}`])
  expect(stdout.split("\n")).toEqual(versions.map(upstreamVersion))
})
