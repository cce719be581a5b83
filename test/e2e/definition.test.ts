import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { answer, commandLine, dagger, readReport } from "./entry-points.js"

const work = mkdtempSync(join(tmpdir(), "runner-images-definition-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

const NAME = "postgresql-client"
const EXAMPLE = `examples/${NAME}.yaml`
/** The engine's own platform alone, which is quick. */
const NATIVE = process.arch === "arm64" ? "linux/arm64" : "linux/amd64"
const SHARED = ["--definition", EXAMPLE, "--sources", "registry"]
const REQUEST = [...SHARED, "--platforms", NATIVE]

describe("a variant of one's own", () => {
  it("is planned alike through both entry points", async () => {
    const [first, second] = await Promise.all([
      commandLine("plan", ...REQUEST, "--json"),
      dagger("call", ...SHARED, "plan", "--platforms", NATIVE),
    ])
    const plan: unknown = JSON.parse(answer(first))
    expect(plan).toMatchObject([{ variant: NAME, extends: "standard" }])
    expect(JSON.parse(answer(second))).toEqual(plan)
  })

  it("is built on top of the one that it extends, and its own checks pass", async () => {
    answer(await commandLine("build", ...REQUEST, "--variants", `standard,${NAME}`, "--output", work))
    const { variant, platforms } = readReport(join(work, NAME))
    expect(variant).toBe(NAME)
    const own = platforms.flatMap(({ checks }) => checks).filter(({ name }) => name.startsWith(`${NAME}/`))
    expect(own.map(({ name, status }) => `${name} ${status}`)).toMatchInlineSnapshot(`
      [
        "postgresql-client/version passed",
        "postgresql-client/query passed",
        "postgresql-client/no-server passed",
        "postgresql-client/pager passed",
      ]
    `)
    const layers = (name: string) => readReport(join(work, name)).platforms.flatMap((platform) => platform.layers ?? [])
    // The last layer says in a job what image it is.
    const below = layers("standard").slice(0, -1)
    expect(below.length).toBeGreaterThan(3)
    expect(layers(NAME).slice(0, below.length)).toEqual(below)
    expect(
      layers(NAME)
        .slice(below.length)
        .map(({ name }) => name),
    ).toMatchInlineSnapshot(`
      [
        "postgresql-client: packages",
        "postgresql-client: their configuration",
        "files",
        "setup information",
      ]
    `)
  })

  it("is refused by both entry points alike, with line and column", async () => {
    const wrong = ["--definition", ".prettierrc.json"]
    const [first, second] = await Promise.all([commandLine("plan", ...wrong), dagger("call", ...wrong, "plan")])
    const issue = ".prettierrc.json:1:3: printWidth: is not a known key"
    expect(first.stderr).toContain(issue)
    expect(second.stderr).toContain(issue)
  })
})
