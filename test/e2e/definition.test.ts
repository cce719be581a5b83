import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { answer, commandLine, dagger, readReport } from "./doors.js"

const work = mkdtempSync(join(tmpdir(), "runner-images-definition-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

const NAME = "postgresql-client"
const EXAMPLE = `examples/${NAME}.yaml`
/** The engine's own platform alone, which is quick. */
const NATIVE = process.arch === "arm64" ? "linux/arm64" : "linux/amd64"
const REQUEST = ["--definition", EXAMPLE, "--sources", "registry", "--platforms", NATIVE]

describe("a variant of one's own", () => {
  it("is planned alike through both doors", async () => {
    const [first, second] = await Promise.all([
      commandLine("plan", ...REQUEST, "--json"),
      dagger("call", "plan", ...REQUEST),
    ])
    const plan: unknown = JSON.parse(answer(first))
    expect(plan).toMatchObject([{ variant: NAME, extends: "standard" }])
    expect(JSON.parse(answer(second))).toEqual(plan)
  })

  it("is built on top of the one that it extends, and its own checks pass", async () => {
    answer(await commandLine("build", ...REQUEST, "--variants", `standard,${NAME}`, "--output", work))
    const { variant, platforms } = readReport(join(work, NAME))
    expect(variant).toBe(NAME)
    expect(
      platforms
        .flatMap(({ checks }) => checks)
        .filter(({ name }) => name.startsWith(`${NAME}/`) || name.startsWith("size/")),
    ).toMatchInlineSnapshot(`
      [
        {
          "name": "postgresql-client/version",
          "proves": "psql runs, in the version of the distribution",
          "status": "passed",
        },
        {
          "name": "postgresql-client/query",
          "proves": "psql reads its settings, sends a query and prints the answer",
          "status": "passed",
        },
        {
          "name": "postgresql-client/no-server",
          "proves": "pg_dump says so when there is no server",
          "status": "passed",
        },
        {
          "name": "postgresql-client/pager",
          "proves": "long answers do not wait for a key",
          "status": "passed",
        },
        {
          "name": "size/budget",
          "proves": "the image keeps to its variant's budget, the runner aside",
          "status": "passed",
        },
        {
          "name": "size/platforms",
          "proves": "platforms differ in size by less than 5 %",
          "reason": "a single platform was built",
          "status": "skipped",
        },
      ]
    ``
          [
            "postgresql-client: packages",
            "postgresql-client: their configuration",
            "files",
          ]
        `)
    const layers = (name: string) => readReport(join(work, name)).platforms.flatMap((platform) => platform.layers ?? [])
    const [standard, own] = [layers("standard"), layers(NAME)]
    expect(own.slice(0, standard.length)).toEqual(standard)
    expect(own.slice(standard.length).map(({ name }) => name)).toMatchInlineSnapshot()
  })

  it("is refused by both doors alike, with line and column", async () => {
    const wrong = ["plan", "--definition", "package.json"]
    const [first, second] = await Promise.all([commandLine(...wrong), dagger("call", ...wrong)])
    expect(first.stderr).toMatchInlineSnapshot(`
    "error: The definition package.json has 11 mistakes:
      package.json:1:1: extends: is missing; choose from standard, chrome, chrome-go
      package.json:1:1: checks: is missing
      package.json:3:3: version: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:4:3: private: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:6:3: license: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:7:3: type: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:8:3: engines: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:11:3: bin: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:14:3: scripts: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:26:3: dependencies: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks
      package.json:43:3: devDependencies: is not known here; known are name, extends, title, description, budget, packages, tools, files, environment, checks [DEFINITION_INVALID]
    docs/VARIANTS.md says what a definition may hold."
  `)
    expect(second.stderr).toContain("package.json:2:3: private: is not known here")
  })
})
