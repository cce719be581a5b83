import { execa } from "execa"
import { cpSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Report } from "../../../dagger/src/core/report/report.js"
import { platform } from "../../unit/core/diff/builds.js"
import { report } from "../../unit/core/report/reports.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

/** GitHub refuses a release whose text is longer. */
const GITHUB_LIMIT = 125_000
const REFERENCE = `ghcr.io/octo/github-runner@sha256:${"a".repeat(64)}`

const git = (version: string) => ({ name: "git", version, sha256: "0".repeat(64) })
const withPackages = (...packages: { name: string; version: string; sha256: string }[]): Partial<Report> => ({
  platforms: [platform("linux/amd64", { packages }), platform("linux/arm64", { packages })],
})

/** The program as release.yml calls it: with the assets of the last release and the artifact of this one. */
async function notes(previous: Record<string, string>, recent: Partial<Report>, words = ["previous", "dist"]) {
  const folder = temporaryFolder("runner-images-notes")
  mkdirSync(join(folder, "previous"))
  for (const [name, text] of Object.entries(previous)) writeFileSync(join(folder, "previous", name), text)
  for (const variant of ["standard", "chrome"]) {
    mkdirSync(join(folder, "dist", variant), { recursive: true })
    writeFileSync(join(folder, "dist", variant, "report.json"), JSON.stringify(report(recent)))
  }
  writeFileSync(join(folder, "dist/references.txt"), `${REFERENCE}\n`)
  const program = join(process.cwd(), "scripts/release-notes.sh")
  // An engine that does not exist: looking for one shows in the answer.
  const env = { _EXPERIMENTAL_DAGGER_RUNNER_HOST: `unix://${folder}/no-engine.sock` }
  return execa(program, words, { cwd: folder, env, reject: false, stripFinalNewline: false })
}

describe("notes of a release", () => {
  it("name the images by digest, and say what changed since the last release", async () => {
    const old = JSON.stringify(report(withPackages(git("1:2.47.2"))))
    const { stdout, stderr, exitCode } = await notes({ "standard-report.json": old }, withPackages(git("1:2.47.3")))
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 })
    expect(stdout).toContain(`## Images\n\n\`\`\`\n${REFERENCE}\n\`\`\`\n`)
    expect(stdout).toMatch(/^## standard$/m)
    expect(stdout).toMatch(/git.*1:2\.47\.2.*1:2\.47\.3/)
  })

  it("of the first release have nothing to compare with, and say so", async () => {
    const { stdout, exitCode } = await notes({}, withPackages(git("1:2.47.3")))
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^## standard\n\nThe last release has no report of this variant\.$/m)
  })

  it("pass over a report of the last release that this version cannot read, and give the reason", async () => {
    const { stdout, exitCode } = await notes({ "standard-report.json": "{}" }, withPackages(git("1:2.47.3")))
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      /^## standard\n\nIt could not be compared with the last release:\n\n```\nerror: .*\[DIFF_INVALID\]/m,
    )
  })

  it("take the last release's images from their registry, each variant's from its own repository", async () => {
    const login = ["--username", "octo", "--password-env", "PATH"]
    const words = ["registry.example:5000/octo/runner:0.1.0", "dist", ...login]
    const { stdout, exitCode } = await notes({}, withPackages(git("1:2.47.3")), words)
    expect(exitCode).toBe(0)
    expect(stdout.match(/error: No Dagger engine answers/g)).toHaveLength(2)
    const misspelt = [...words, "--usernam", "octo"]
    expect((await notes({}, withPackages(git("1:2.47.3")), misspelt)).stdout).toContain("--usernam")
  })

  it.each(["ghcr.io/octo/runner", REFERENCE, "absent"])("cannot be compared with %s", async (previous) => {
    const { stdout, stderr, exitCode } = await notes({}, withPackages(git("1:2.47.3")), [previous, "dist"])
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 })
    expect(stderr).toContain(`error: ${previous} is neither a folder nor an image with a tag.\n`)
  })

  it("are not longer than GitHub takes", async () => {
    const many = (version: string) =>
      Array.from({ length: 4000 }, (_, index) => ({ ...git(version), name: `package-${index}` }))
    const old = JSON.stringify(report(withPackages(...many("1"))))
    const { stdout } = await notes({ "standard-report.json": old }, withPackages(...many("2")))
    expect(stdout.length).toBeLessThan(GITHUB_LIMIT)
    expect(stdout).toMatch(/^\*\*Cut here\*\*/m)
  })

  it("need a build", async () => {
    const folder = temporaryFolder("runner-images-notes")
    cpSync("package.json", join(folder, "package.json"))
    const { exitCode, stdout, stderr } = await execa(
      join(process.cwd(), "scripts/release-notes.sh"),
      ["previous", "dist"],
      {
        cwd: folder,
        reject: false,
      },
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" })
    expect(stderr).toBe(
      "error: dist/references.txt does not exist.\nGive the last release's reports or its image, and the folder of what was published.",
    )
  })
})
