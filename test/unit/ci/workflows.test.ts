import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { runSteps, workflows, type Workflow } from "../../ci/ci-files.js"

const all = workflows()
const jobs = all.flatMap((workflow) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ where: `${workflow.file}: ${name}`, ...job })),
)
const text = (file: string) => readFileSync(file, "utf8")

/** `jobs` as a list of `where: what`. */
const listed = (of: (job: (typeof jobs)[number]) => string | undefined): string[] =>
  jobs.flatMap((job) => {
    const what = of(job)
    return what === undefined ? [] : `${job.where}: ${what}`
  })

describe("workflows", () => {
  it("are these", () => {
    expect(all.map(({ file, name }) => `${file}: ${name}`)).toMatchInlineSnapshot(`
      [
        ".github/workflows/ci-cd.yml: CI/CD",
        ".github/workflows/release.yml: Release",
        ".github/workflows/test-multi-arch.yml: Dockerfiles under QEMU",
        ".github/workflows/update.yml: Update the catalog",
      ]
    `)
  })

  it("give no permission to all jobs, and write to no more than these", () => {
    expect(all.filter(({ permissions }) => Object.keys(permissions).length > 0)).toEqual([])
    expect(jobs.filter(({ permissions }) => permissions === undefined)).toEqual([])
    const write = listed(({ permissions = {} }) => {
      const names = Object.keys(permissions).filter((name) => permissions[name] === "write")
      return names.length === 0 ? undefined : names.join(", ")
    })
    expect(write).toMatchInlineSnapshot(`
      [
        ".github/workflows/ci-cd.yml: publish: packages, id-token",
        ".github/workflows/release.yml: publish: packages, id-token",
        ".github/workflows/release.yml: notes: contents",
        ".github/workflows/update.yml: propose: contents, pull-requests",
      ]
    `)
  })

  it("end: every job has a time limit, and workflows that meet are told apart or wait", () => {
    expect(listed((job) => (job["timeout-minutes"] === undefined ? "none" : undefined))).toEqual([])
    expect(all.filter(({ concurrency }) => concurrency === undefined)).toEqual([])
    // A job that was stopped between two tags would leave them apart.
    const stoppable = (workflow: Workflow) => workflow.concurrency?.["cancel-in-progress"] !== false
    const publishing = all.filter((workflow) =>
      runSteps(workflow).some(({ script }) => /runner-images publish|git push|gh release/.test(script)),
    )
    expect(publishing.filter(stoppable).map(({ file }) => file)).toEqual([".github/workflows/ci-cd.yml"])
    const publish = jobs.find(({ where }) => where === ".github/workflows/ci-cd.yml: publish")
    expect(publish).toMatchObject({ concurrency: { "cancel-in-progress": false } })
  })

  it("use each action at one commit, which is a whole one, and name the release that it is", () => {
    const used = all.flatMap(({ file }) =>
      [...text(file).matchAll(/^ +(?:- )?uses: (.*)$/gm)].map(([, reference = ""]) => reference),
    )
    expect(used.filter((reference) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(reference))).toEqual([])
    expect([...new Set(used)].sort()).toMatchInlineSnapshot(`
      [
        "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
        "actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0",
        "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
        "dagger/dagger-for-github@27b130bf0f79a7f6fbbbe0fbca6760dc9bb40a77 # v8.4.1",
        "docker/build-push-action@53b7df96c91f9c12dcc8a07bcb9ccacbed38856a # v7.3.0",
        "docker/setup-buildx-action@37fe631027851001ddb9b187196cc803df7f5f0e # v4.3.0",
        "docker/setup-qemu-action@96fe6ef7f33517b61c61be40b68a1882f3264fb8 # v4.2.0",
      ]
    `)
  })

  it("use the Dagger that the module is for", () => {
    const { engineVersion } = JSON.parse(text("dagger.json")) as { engineVersion: string }
    const versions = jobs.flatMap(({ steps }) =>
      steps.flatMap(({ uses, with: inputs }) => (uses?.startsWith("dagger/") ? [inputs.version] : [])),
    )
    expect(versions.length).toBeGreaterThan(2)
    expect(new Set(versions)).toEqual(new Set([engineVersion]))
  })

  it("use one QEMU, in whatever CI", () => {
    const files = [...all.map(({ file }) => file), ".gitlab-ci.yml", "Jenkinsfile"]
    const images = files.flatMap((file) => [...text(file).matchAll(/tonistiigi\/binfmt:\S+/g)].map(([image]) => image))
    expect(images.length).toBeGreaterThan(4)
    expect(new Set(images).size).toBe(1)
  })

  it("put nothing into scripts but variables, and no secret into an argument", () => {
    const steps = all.flatMap(runSteps)
    expect(steps.filter(({ script }) => script.includes("${{"))).toEqual([])
    const secrets = steps.flatMap(({ name, script, env }) =>
      Object.keys(env)
        .filter((variable) => /token|secret|password/i.test(String(env[variable])))
        // Its name may be an argument, and its value standard input.
        .filter((variable) => new RegExp(`(?<!<<< ")\\$\\{?${variable}\\b`).test(script))
        .map((variable) => `${name}: ${variable}`),
    )
    expect(secrets).toEqual([])
  })

  it("build each platform on a machine of its own", () => {
    const native = listed(({ "runs-on": machine, strategy, steps }) => {
      const scripts = steps.map(({ run = "" }) => run).join("\n")
      if (!scripts.includes("--native")) return undefined
      return JSON.stringify([machine, strategy?.matrix.include])
    })
    expect(native).toHaveLength(3)
    for (const matrix of native) {
      expect(matrix).toMatch(/"platform":"linux\/amd64"[^}]*"machine":"ubuntu-24\.04"/)
      expect(matrix).toMatch(/"platform":"linux\/arm64"[^}]*"machine":"ubuntu-24\.04-arm"/)
    }
  })
})

describe("docs/CI.md", () => {
  const document = existsSync("docs/CI.md") ? text("docs/CI.md") : ""

  it("has every workflow with its jobs, and no other", () => {
    const rows = [...document.matchAll(/^\| `([a-z-]+\.yml)` +\| `([a-z-]+)` /gm)].map(
      ([, file, job]) => `${file ?? ""}: ${job ?? ""}`,
    )
    expect(rows.sort()).toEqual(jobs.map(({ where }) => where.replace(".github/workflows/", "")).sort())
  })

  it("leads to what is there", () => {
    const links = [...document.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path)
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter((path) => !existsSync(`docs/${path}`))).toEqual([])
  })
})
