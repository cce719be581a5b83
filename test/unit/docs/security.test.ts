import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { CASES } from "../../lifecycle/cases.js"

const DOCUMENT = "docs/SECURITY.md"
const text = readFileSync(DOCUMENT, "utf8")

/** A table's row, with the heading of its last column. */
interface Row {
  readonly what: string
  readonly last: string
  readonly heading: string
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim())

const rows: Row[] = [...text.matchAll(/(?:^\|.*\|\n)+/gm)].flatMap(([table]) => {
  const [head = "", , ...body] = table.trim().split("\n")
  const heading = cellsOf(head).at(-1) ?? ""
  return body.map(cellsOf).map((cells) => ({ what: cells[0] ?? "", last: cells.at(-1) ?? "", heading }))
})

/** ``cases `a`, `b`; attack `c`; [tables](../test/unit/engine/tables.test.ts)`` */
const proofs = rows
  .filter(({ heading }) => heading === "Proved by")
  .map(({ what, last }) => ({ what, parts: last.split(";").map((part) => part.trim()) }))

/** The names that stand after such a word anywhere in the document. */
function named(word: "case" | "attack"): string[] {
  const lists = text.matchAll(new RegExp(`\\b${word}s? ((?:\`[\\w-]+\`(?:, | and )?)+)`, "g"))
  return [...lists].flatMap(([, list = ""]) => [...list.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name))
}

describe(DOCUMENT, () => {
  it("has a proof in every row that claims one, in a form that is checked here", () => {
    expect(proofs.length).toBeGreaterThan(20)
    const form = /^(?:(?:cases?|attacks?) `[\w-]+`(?:, `[\w-]+`)*|\[[^\]]+\]\([^)]+\)(?:, \[[^\]]+\]\([^)]+\))*)$/
    expect(
      proofs.flatMap(({ what, parts }) => parts.filter((part) => !form.test(part)).map((part) => [what, part])),
    ).toEqual([])
  })

  it("names lifecycle cases that there are", () => {
    const known = CASES.map(({ name }) => name)
    expect(named("case").length).toBeGreaterThan(5)
    expect(named("case").filter((name) => !known.includes(name))).toEqual([])
  })

  it.skipIf(!existsSync("test/attacks"))("names attacks that there are, and every one of them", () => {
    const source = readFileSync("test/attacks/attacks.ts", "utf8")
    const known = [...source.matchAll(/(?:^ {4}name: |^ {2}\{ name: )"([\w-]+)"/gm)].map(([, name = ""]) => name)
    expect([...new Set(named("attack"))].sort()).toEqual(known.sort())
  })

  it("leads to what is there", () => {
    const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path)
    expect(links.length).toBeGreaterThan(10)
    expect(links.filter((path) => !/^https:/.test(path) && !existsSync(join("docs", path)))).toEqual([])
  })
})
