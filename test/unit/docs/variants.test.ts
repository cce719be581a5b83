import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { parseCustomVariant } from "../../../dagger/src/core/variants/custom/custom-variant.js"
import { VARIANTS } from "../../../dagger/src/core/variants/names.js"

const docs = readFileSync("docs/VARIANTS.md", "utf8")

describe("docs/VARIANTS.md", () => {
  it("has every variant in its table, and no other", () => {
    expect([...docs.matchAll(/^\| `([a-z-]+)` +\| (?:`[a-z-]+`|) +\|/gm)].map(([, name]) => name)).toEqual([
      ...VARIANTS,
    ])
  })

  it("shows the example as it is", () => {
    const [, file = "", shown] = /^<!-- (examples\/.*) -->\n\n```yaml\n([^]*?)```$/m.exec(docs) ?? []
    expect(shown).toBe(readFileSync(file, "utf8"))
  })

  it("has an example of a tool that can be read", () => {
    const tools = /^```yaml\n(tools:\n[^]*?)```$/m.exec(docs)?.[1] ?? ""
    const text = `name: a\nextends: standard\n${tools}checks:\n- {name: a, proves: a, command: a, expect: {equals: a}}\n`
    expect(parseCustomVariant(text, "docs").definition.customTools).toHaveLength(1)
  })
})
