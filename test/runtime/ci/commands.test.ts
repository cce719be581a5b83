import { execa } from "execa"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { missingFiles, refusedByCommandLine, refusedByModule, refusedByNpm } from "../../ci/accepted.js"
import { gitlabScripts, jenkinsScripts, runSteps, workflows } from "../../ci/ci-files.js"
import { documentedScripts } from "../../ci/documents.js"
import { DAGGER_OPTIONS } from "../../ci/module-help.js"
import { commandsIn, programs, type Command, type Script } from "../../ci/programs.js"

const MINUTES = 5 * 60_000

beforeAll(async () => {
  await programs()
}, MINUTES)

const scripts = (folder: string): Script[] =>
  readdirSync(folder).map((name) => ({ name: join(folder, name), text: readFileSync(join(folder, name), "utf8") }))

const steps = workflows().flatMap(runSteps)
const WORKFLOWS = steps.map(({ file, job, name, script }) => ({ name: `${file}: ${job}: ${name}`, text: script }))
const GITLAB = gitlabScripts(readFileSync(".gitlab-ci.yml", "utf8"), ".gitlab-ci.yml")
const JENKINS = jenkinsScripts(readFileSync("Jenkinsfile", "utf8"), "Jenkinsfile")
const OTHERS = [
  ...scripts("examples/ci"),
  { name: "scripts/release-notes.sh", text: readFileSync("scripts/release-notes.sh", "utf8") },
]
const DOCUMENTS = documentedScripts()

describe("what is read of the files", () => {
  it("is all of it: no step is left out", () => {
    const texts = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length
    const written = workflows().map(({ file }) => texts(readFileSync(file, "utf8"), /^ +(?:- )?run: /gm))
    expect(WORKFLOWS).toHaveLength(written.reduce((sum, count) => sum + count, 0))
    expect(WORKFLOWS.length).toBeGreaterThan(30)
    expect(JENKINS).toHaveLength(texts(readFileSync("Jenkinsfile", "utf8"), /\bsh\b\s*['"(]/g))
    expect(GITLAB.map(({ name }) => name.replace(/.*: /, ""))).toEqual(["check", ".docker", "build", "publish"])
    expect(DOCUMENTS.blocks.length).toBeGreaterThan(10)
    expect(DOCUMENTS.sentences.length).toBeGreaterThan(20)
  })

  it("has jobs after those that they need, with all that decides what a step does", () => {
    const release = steps.filter(({ file }) => file.endsWith("release.yml"))
    expect([...new Set(release.map(({ job }) => job))]).toEqual(["build", "publish", "verify", "notes"])
    expect(release.find(({ name }) => name === "Publish")).toMatchObject({
      job: "publish",
      shell: "bash",
      env: { DO_NOT_TRACK: "1", OWNER: "${{ github.repository_owner }}", REGISTRY_PASSWORD: "${{ github.token }}" },
    })
  })
})

describe("every script of CI", () => {
  it.each([...WORKFLOWS, ...GITLAB, ...JENKINS, ...OTHERS])("is one that bash can read: $name", async ({ text }) => {
    const { stderr, exitCode } = await execa("bash", ["-n"], { input: text, reject: false })
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 })
  })
})

/** A call, without the options of `dagger` itself that stand before `call`. */
function daggerCall(words: readonly string[]): readonly string[] | undefined {
  const call = words.indexOf("call")
  const before = words.slice(1, call)
  return words[0] === "dagger" && call > 0 && DAGGER_OPTIONS.includes(before[0] ?? "--silent")
    ? words.slice(call + 1)
    : undefined
}

const COMMAND_LINE = /(?:^|\/)runner-images"?$/
const OURS = new RegExp(`${COMMAND_LINE.source}|^(?:\\./)?(?:scripts|examples)/`)

/** What is wrong with a command, as far as the program that it calls is this project's. */
async function refused({ where, words }: Command): Promise<string[]> {
  const [program = "", ...rest] = words
  const call = daggerCall(words)
  const problem = COMMAND_LINE.test(program)
    ? await refusedByCommandLine(rest)
    : program === "npm"
      ? refusedByNpm(rest)
      : call && refusedByModule(call)
  // Other programs may well make a file.
  const missing = program === "node" || call || OURS.test(program) ? missingFiles(words) : []
  const problems = [...(problem === undefined ? [] : [problem]), ...missing.map((file) => `${file} does not exist`)]
  return problems.map((text) => `${where}: ${words.join(" ")}: ${text}`)
}

async function refusedIn(given: readonly Script[]): Promise<string[]> {
  const { commands, errors } = await commandsIn(given)
  const problems = await Promise.all(commands.map(refused))
  return [...errors, ...problems.flat()]
}

describe("every call of this project's own programs is one that they accept", () => {
  it.each([
    ["in GitHub's workflows", WORKFLOWS],
    ["in .gitlab-ci.yml", GITLAB],
    ["in Jenkinsfile", JENKINS],
    ["in scripts for CI", OTHERS],
    ["in the documents' blocks", DOCUMENTS.blocks],
  ])("%s", async (_, given) => {
    expect(await refusedIn(given)).toEqual([])
  })

  it("in the documents' sentences, which name a command without all that it needs", async () => {
    const needs = / needs --[a-z-]+$/
    expect((await refusedIn(DOCUMENTS.sentences)).filter((problem) => !needs.test(problem))).toEqual([])
  })

  it.each([
    ["./runner-images biuld", "Did you mean build"],
    ["./runner-images build --plaforms linux/arm64", "Did you mean --platforms"],
    ['eval "$(./runner-images engine pu)"', "engine pu"],
    ["./runner-images build --variants chorme", "chorme"],
    ["./runner-images publish --repository ghcr.io/octo/runner:1 --tags 1", "includes a tag"],
    ["./runner-images publish --tags 'a b'", "not a tag"],
    ["scripts/release-note.sh previous dist", "scripts/release-note.sh does not exist"],
    ["if true; then ./runner-images catalog updat; fi", "catalog updat"],
    ["dagger call biuld", 'no function "biuld"'],
    ["dagger call build --source registry", "no argument --source"],
    ["dagger --progress plain call --sources registry build --platforms", "--platforms has no value"],
    ["dagger call build exprot --path dist", 'build has no function "exprot"'],
    ["dagger call publish --tags a", "publish needs --repository"],
    ["dagger call --sources registry", "no function is called"],
    ["npm run tset", 'no script "tset"'],
    ["node scripts/summary.mjs", "scripts/summary.mjs does not exist"],
    ["if true; then", "`then` must be followed"],
  ])("%s is not one", async (text, problem) => {
    const problems = await refusedIn([{ name: "a script", text }])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(problem)
  })
})
