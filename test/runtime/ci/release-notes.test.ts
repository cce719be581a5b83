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
async function notes(previous: Record<string, string>, recent: Partial<Report>) {
  const folder = temporaryFolder("runner-images-notes")
  mkdirSync(join(folder, "previous"))
  for (const [name, text] of Object.entries(previous)) writeFileSync(join(folder, "previous", name), text)
  mkdirSync(join(folder, "dist/standard"), { recursive: true })
  writeFileSync(join(folder, "dist/standard/report.json"), JSON.stringify(report(recent)))
  writeFileSync(join(folder, "dist/references.txt"), `${REFERENCE}\n`)
  const program = join(process.cwd(), "scripts/release-notes.sh")
  return execa(program, ["previous", "dist"], { cwd: folder, reject: false, stripFinalNewline: false })
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
      "error: dist/references.txt does not exist.\nGive two folders: the last release's reports, and what was published.",
    )
  })
})
