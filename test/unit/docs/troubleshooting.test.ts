import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ERRORS } from "../../../dagger/src/core/errors.js"

const text = readFileSync("docs/TROUBLESHOOTING.md", "utf8")

/** The part of the document below a heading, up to the next one of its level. */
function part(title: string): string {
  const [, rest = ""] = text.split(`\n## ${title}\n`)
  return rest.split("\n## ", 1)[0] ?? ""
}

/** What a part explains: each heading, and the text below it. */
function entries(title: string): { heading: string; body: string }[] {
  return part(title)
    .split("\n### ")
    .slice(1)
    .map((entry) => {
      const [heading = "", ...body] = entry.split("\n")
      return { heading, body: body.join("\n") }
    })
}

const FOREIGN = entries("Messages of Docker, the kernel and programs")
const OWN = entries("Messages of this project")

it.each([...FOREIGN, ...OWN])("$heading has a reason and a remedy", ({ body }) => {
  expect(body).toMatch(/^\n\*\*Why\.\*\* [^]*\n\*\*What to do\.\*\* /)
})

describe("messages of this project", () => {
  const sources = ["dagger/src", "src", "docker/runtime/src"]
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(name, "utf8"))

  it("are some", () => {
    expect(OWN.length).toBeGreaterThan(5)
  })

  // What a message is filled in with is written as an ellipsis.
  it.each(OWN)("$heading is in the source code", ({ heading }) => {
    const parts = heading.replace(/^`(.*)`$/, "$1").split("…")
    const pattern = new RegExp(
      parts.map((fixed) => fixed.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\$\\{[^}]*\\}"),
    )
    expect(heading).toMatch(/^`.*`$/)
    expect(sources.some((source) => pattern.test(source))).toBe(true)
  })
})

it("every error has its row, with the exit code", () => {
  const rows = [...part("Error codes").matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\|/gm)]
  expect(Object.fromEntries(rows.map(([, code = "", exit]) => [code, Number(exit)]))).toEqual(
    Object.fromEntries(Object.entries(ERRORS).map(([code, { exit }]) => [code, exit])),
  )
})
