import { execFileSync } from "node:child_process"
import { stringify } from "yaml"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { configSchema, parseDocument } from "../../../../dagger/src/core/oci/documents.js"
import { parseLock } from "../../../../dagger/src/core/packages/lock.js"
import { DEEPEST, isDeepJson, isDeepYaml } from "../../../../dagger/src/core/text/nesting.js"
import { parseCustomVariant } from "../../../../dagger/src/core/variants/custom/custom-variant.js"
import { parseAllowList } from "../../../../dagger/src/core/vulnerabilities/allow-list.js"
import { ROOT } from "../../cli/command-line.js"

const nested = {
  lists: (levels: number) => "[".repeat(levels) + "]".repeat(levels),
  objects: (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`,
  both: (levels: number) => `${'[{"a":'.repeat(levels / 2)}1${"}]".repeat(levels / 2)}`,
}
const indented = (levels: number) =>
  Array.from({ length: levels }, (_, level) => `${" ".repeat(level)}a:`).join("\n") + " 1\n"

describe("how deep a text is nested", () => {
  it.each(Object.entries(nested))("is counted: %s", (_, make) => {
    for (const isDeep of [isDeepJson, isDeepYaml]) {
      expect(isDeep(make(DEEPEST))).toBe(false)
      expect(isDeep(make(DEEPEST + 2))).toBe(true)
      expect(isDeep(make(20_000))).toBe(true)
      // As long, and not deep.
      expect(isDeep(`[${"[1],".repeat(20_000)}[1]]`)).toBe(false)
    }
  })

  it("is counted by indentation in YAML", () => {
    expect(isDeepYaml(indented(DEEPEST))).toBe(false)
    expect(isDeepYaml(indented(DEEPEST + 1))).toBe(true)
    expect(isDeepYaml(`${"- ".repeat(DEEPEST + 1)}1`)).toBe(true)
  })

  it("is not counted in strings", () => {
    expect(isDeepJson(JSON.stringify(nested.lists(1000)))).toBe(false)
    expect(isDeepJson(JSON.stringify({ a: '\\"', b: nested.objects(1000), c: "[".repeat(1000) }))).toBe(false)
    expect(isDeepYaml(`a: '${nested.lists(1000)}' # ${nested.lists(1000)}`)).toBe(false)
  })

  it("is never too deep in what has few levels", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        expect(isDeepJson(JSON.stringify(value))).toBe(false)
        expect(isDeepYaml(stringify(value))).toBe(false)
      }),
    )
  })
})

describe("a text that is nested too deeply is refused with a code", () => {
  const deep = [...Object.values(nested).map((make) => make(20_000)), nested.objects(2000), indented(400)]
  it.each<[string, (text: string) => unknown, string]>([
    ["a definition", (text) => parseCustomVariant(text.slice(0, 100_000), "images.yaml"), "DEFINITION_INVALID"],
    [
      "a definition's value",
      (text) => parseCustomVariant(`packages: ${text}`.slice(0, 100_000), "images.yaml"),
      "DEFINITION_INVALID",
    ],
    ["a list of accepted vulnerabilities", (text) => parseAllowList(text, "list.yaml"), "ALLOW_LIST_INVALID"],
  ])("%s", (_, parse, code) => {
    for (const text of deep) expect(() => parse(text)).toThrow(expect.objectContaining({ code }))
  })

  it.each<[string, (text: string) => unknown, string]>([
    ["a lock", (text) => parseLock(`{"schemaVersion":4,"platforms":${text}}`, []), "LOCK_INVALID"],
    [
      "an image's configuration",
      (text) =>
        parseDocument(
          configSchema,
          `{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]},"config":{"x":${text}}}`,
          "config",
        ),
      "BUILD_FAILED",
    ],
  ])("%s", (_, parse, code) => {
    for (const make of Object.values(nested))
      expect(() => parse(make(100_000))).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining("nested deeper than 200 levels") as string }),
      )
  })

  // Out of its stack, Node.js may end at once, with nothing that could be caught.
  it("in a process of its own, which goes on", () => {
    const script = `
      import { parseCustomVariant } from "./dagger/src/core/variants/custom/custom-variant.ts"
      try { parseCustomVariant('{"a":'.repeat(2000) + "1" + "}".repeat(2000), "images.yaml") } catch (error) { console.log(error.code) }`
    const words = ["--import", "tsx", "--input-type=module", "--eval", script]
    expect(execFileSync(process.execPath, words, { cwd: ROOT, encoding: "utf8" })).toBe("DEFINITION_INVALID\n")
  })
})
