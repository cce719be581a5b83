import { execa } from "execa"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { WORKFLOWS } from "../../ci/ci-files.js"
import { programs, type Programs } from "../../ci/programs.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const MINUTES = 5 * 60_000

let tools: Programs
beforeAll(async () => {
  tools = await programs()
}, MINUTES)

/** What a program says when it finds something, else nothing. */
async function findings(program: string, words: readonly string[]): Promise<string> {
  const { exitCode, all } = await execa(program, words, { reject: false, all: true, env: { PATH: tools.path } })
  return exitCode === 0 ? "" : `${all}\nexit code ${exitCode ?? ""}`
}

/** The files with one change, in a folder of their own. */
function changed(file: string, from: string | RegExp, to: string): string {
  const text = readFileSync(file, "utf8")
  const path = join(temporaryFolder("runner-images-ci"), file)
  mkdirSync(dirname(path), { recursive: true })
  const other = text.replace(from, to)
  if (other === text) throw new Error(`${file} does not have ${String(from)}`)
  writeFileSync(path, other)
  return path
}

const files = readdirSync(WORKFLOWS).map((name) => join(WORKFLOWS, name))
const CI = join(WORKFLOWS, "ci-cd.yml")

describe("GitHub's workflows", () => {
  it("have no finding of actionlint, and none of shellcheck in their scripts", async () => {
    expect(await findings(tools.actionlint, files)).toBe("")
  })

  it.each([
    ["an expression of what there is not", "${{ matrix.platform }}", "${{ matrix.plattform }}", 'property "plattform"'],
    ["a script with a mistake", "run: npm ci --ignore-scripts", "run: cd $HOME", "SC2086|SC2164"],
    ["a job that needs another", "needs: [check, build]", "needs: [check, built]", 'needs job "built"'],
  ])("would have one for %s", async (_, from, to, finding) => {
    expect(await findings(tools.actionlint, [changed(CI, from, to)])).toMatch(new RegExp(finding))
  })

  const zizmor = ["--offline", "--no-progress", "--no-config", "--persona", "pedantic"]

  it(
    "have no finding of zizmor",
    async () => {
      expect(await findings(tools.zizmor, [...zizmor, WORKFLOWS])).toBe("")
    },
    MINUTES,
  )

  it.each([
    ["credentials that stay in the checkout", /persist-credentials: false/, "fetch-depth: 1", "artipacked"],
    ["an action by a tag", /@[0-9a-f]{40} # v7/, "@v7 # v7", "unpinned-uses"],
    ["an expression in a script", "npm run test:unit", "echo ${{ github.head_ref }}", "template-injection"],
    ["permissions that nothing needs", "permissions: {}", "permissions: write-all", "excessive-permissions"],
  ])("would have one for %s", async (_, from, to, finding) => {
    expect(await findings(tools.zizmor, [...zizmor, changed(CI, from, to)])).toMatch(new RegExp(finding))
  })

  it("are what GitHub's schema allows", async () => {
    const schema = ["--builtin-schema", "vendor.github-workflows"]
    expect(await findings(tools.checkJsonschema, [...schema, ...files])).toBe("")
    const wrong = changed(CI, "runs-on: ubuntu-24.04", "runs-at: ubuntu-24.04")
    expect(await findings(tools.checkJsonschema, [...schema, wrong])).toMatch(/runs-at/)
  })
})

it(".gitlab-ci.yml is what GitLab's schema allows", async () => {
  const schema = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
  expect(await findings(tools.checkJsonschema, [...schema, ".gitlab-ci.yml"])).toBe("")
  const wrong = changed(".gitlab-ci.yml", "interruptible: true", "interruptable: true")
  expect(await findings(tools.checkJsonschema, [...schema, wrong])).toMatch(/interruptable/)
})

it("Jenkinsfile is Groovy", async () => {
  const errors = async (file: string) => (await execa(tools.python, ["test/ci/groovy-errors.py", file])).stdout
  expect(await errors("Jenkinsfile")).toBe("")
  expect(await errors(changed("Jenkinsfile", "--ignore-scripts'", "--ignore-scripts"))).toMatch(
    /Jenkinsfile:21:12: 'npm ci/,
  )
})

it("scripts that CI systems call have no finding of shellcheck", async () => {
  const scripts = ["scripts/release-notes.sh", ...readdirSync("examples/ci").map((name) => join("examples/ci", name))]
  expect(await findings(tools.shellcheck, scripts)).toBe("")
  const wrong = changed("scripts/release-notes.sh", '"$new/references.txt"', "$new/references.txt")
  expect(await findings(tools.shellcheck, [wrong])).toMatch(/SC2086/)
})
