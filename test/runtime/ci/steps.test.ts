import { execa } from "execa"
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { runSteps, workflows } from "../../ci/ci-files.js"
import { report } from "../../unit/core/report/reports.js"
import { platform } from "../../unit/core/diff/builds.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const steps = workflows().flatMap(runSteps)

/** Runs a step as GitHub does, in a folder of its own: by bash with -e and pipefail, with the step's variables. */
async function runStep(file: string, name: string, folder: string, env: Record<string, string> = {}) {
  const step = steps.find((each) => each.file.endsWith(`/${file}`) && each.name === name)
  if (step?.shell !== "bash") throw new Error(`${file} has no step "${name}" for bash`)
  const summary = join(folder, "summary.md")
  const output = join(folder, "output")
  const variables = { RUNNER_TEMP: folder, GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output, ...env }
  const words = ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.script]
  const { exitCode, stderr } = await execa("bash", words, {
    cwd: folder,
    env: variables,
    reject: false,
    stdin: "ignore",
  })
  const text = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "")
  return { exitCode, stderr, summary: text(summary), output: text(output) }
}

describe("steps that need neither an engine nor a service do what they say", () => {
  it.each([
    ["v1.2.3", 0],
    ["v1.2.4", 1],
    ["1.2.3", 1],
  ])("a release of version 1.2.3 is tagged v1.2.3: %s ends with %i", async (tag, exitCode) => {
    const folder = temporaryFolder("runner-images-step")
    writeFileSync(join(folder, "package.json"), JSON.stringify({ version: "1.2.3" }))
    const ran = await runStep("release.yml", "The tag is the project's version", folder, { GITHUB_REF_NAME: tag })
    expect(ran.exitCode).toBe(exitCode)
  })

  it.each([
    [["linux/amd64", "linux/arm64"], 0],
    [["linux/arm64"], 1],
    [["linux/amd64", "linux/arm64", "unknown/unknown"], 1],
  ])("an index of %j ends with %i", async (platforms, exitCode) => {
    const folder = temporaryFolder("runner-images-step")
    const manifests = platforms.map((name) => {
      const [os, architecture] = name.split("/")
      return { platform: { os, architecture } }
    })
    mkdirSync(join(folder, "blobs/sha256"), { recursive: true })
    writeFileSync(join(folder, "blobs/sha256/a"), JSON.stringify({ manifests }))
    writeFileSync(join(folder, "index.json"), JSON.stringify({ manifests: [{ digest: "sha256:a" }] }))
    await execa("tar", ["-cf", "image.tar", "index.json", "blobs"], { cwd: folder })
    const ran = await runStep("test-multi-arch.yml", "One index has both platforms", folder)
    expect(ran).toMatchObject({ exitCode, stderr: "" })
  })

  it("a build's summary has its reports", async () => {
    const folder = temporaryFolder("runner-images-step")
    mkdirSync(join(folder, "scripts"))
    copyFileSync("scripts/job-summary.mjs", join(folder, "scripts/job-summary.mjs"))
    for (const variant of ["chrome", "standard"]) {
      mkdirSync(join(folder, "dist", variant), { recursive: true })
      writeFileSync(join(folder, "dist", variant, "report.md"), `# ${variant}\n`)
    }
    const ran = await runStep("ci-cd.yml", "Summary", folder)
    expect(ran).toMatchObject({ exitCode: 0, stderr: "", summary: "# chrome\n\n# standard\n" })
  })

  it.each([
    ["a catalog that changed", "version: 2\n", "changed=true\n"],
    ["one that did not", "version: 1\n", "changed=false\n"],
  ])("%s is proposed, or not", async (_, pins, output) => {
    const folder = temporaryFolder("runner-images-step")
    const git = (...words: string[]) =>
      execa("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...words], { cwd: folder })
    await git("init", "--quiet")
    writeFileSync(join(folder, "pins.yaml"), "version: 1\n")
    await git("add", "pins.yaml")
    await git("commit", "--quiet", "--message", "pins")
    writeFileSync(join(folder, "pins.yaml"), pins)
    mkdirSync(join(folder, "update"))
    writeFileSync(join(folder, "catalog.diff"), "-1\n+2\n")
    const ran = await runStep("update.yml", "Keep the change", folder, { TESTS: "failure" })
    expect(ran).toMatchObject({ exitCode: 0, stderr: "", output })
    expect(ran.summary).toContain("Unit tests: **failure**.\n\n```diff\n-1\n+2\n```\n")
    if (!output.includes("true")) return
    await git("stash", "--quiet")
    expect((await runStep("update.yml", "Commit", folder)).stderr).toMatch(/catalog-update/)
    expect((await git("show", "--stat", "--format=%an: %s")).stdout).toMatch(
      /^github-actions\[bot\]: Catalog: [^]* pins\.yaml \| 2 \+-/,
    )
  })

  it("a release's assets are named after their variants", async () => {
    const folder = temporaryFolder("runner-images-step")
    mkdirSync(join(folder, "dist/standard/sbom"), { recursive: true })
    writeFileSync(
      join(folder, "dist/standard/report.json"),
      JSON.stringify(report({ platforms: [platform("linux/amd64")] })),
    )
    writeFileSync(join(folder, "dist/standard/sbom/linux-amd64.spdx.json"), "{}")
    // What gh would be given.
    mkdirSync(join(folder, "bin"))
    writeFileSync(join(folder, "bin/gh"), '#!/bin/sh\nprintf "%s\\n" "$@" > "$GITHUB_OUTPUT"\n', { mode: 0o755 })
    const env = { GITHUB_REF_NAME: "v1.2.3", PATH: `${join(folder, "bin")}:${process.env.PATH ?? ""}` }
    const { output } = await runStep("release.yml", "Release", folder, env)
    expect(output.trim().split("\n").slice(-2)).toEqual([
      "assets/standard-linux-amd64.spdx.json",
      "assets/standard-report.json",
    ])
    expect(output).toMatch(/^release\ncreate\nv1\.2\.3\n--verify-tag\n/)
  })
})
