import { execa } from "execa"
import { join } from "node:path"
import { expect, it } from "vitest"
import { evidenceOf } from "../../../dagger/src/core/evidence/evidence.js"
import { EVIDENCE_TYPES } from "../../../dagger/src/core/evidence/kinds.js"
import { REPORT_MEDIA_TYPE } from "../../../dagger/src/core/evidence/referrer.js"
import { goEnvironment, goToolchain } from "../../../src/engine/bare/artefacts/go-toolchain.js"
import { PROJECT_ROOT } from "../../../src/host/paths.js"
import { evidenced } from "../../unit/core/evidence/evidenced.js"
import { billedEntry, TOOLS } from "../../unit/core/sbom/seeded-report.js"

const SOURCES = join(PROJECT_ROOT, "test/runtime/evidence/in-toto")
const MINUTES = 15 * 60_000

/** What in-toto's own library makes of statements. */
async function verdicts(statements: readonly string[]): Promise<string[]> {
  const { program } = await goToolchain()
  const { stdout } = await execa(program, ["run", "."], {
    cwd: SOURCES,
    env: goEnvironment(),
    input: statements.map((statement) => `${statement}\n`).join(""),
  })
  return stdout.split("\n")
}

it("every statement is valid for in-toto's own library, which refuses what is not", { timeout: MINUTES }, async () => {
  const tools = TOOLS.map((tool) =>
    tool.name === "go" ? { ...tool, integrity: "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=" } : tool,
  )
  const image = evidenced({ platforms: [billedEntry("linux/amd64", { tools })] })
  const all = await evidenceOf([image], (statement) => Promise.resolve(statement))
  const statements = all.flatMap(({ mediaType, content }) => (mediaType === REPORT_MEDIA_TYPE ? [] : [content]))
  const [provenance = "", tests = ""] = (["provenance", "tests"] as const).map(
    (kind) => statements.find((text) => text.includes(`"${EVIDENCE_TYPES[kind].predicateType}"`)) ?? "",
  )
  const broken = [
    provenance.replace('"dirHash":"', '"dirHash":"00'),
    provenance.replace('"builder":{"id":', '"builder":{"name":'),
    tests.replace('"passedTests"', '"passed"'),
    tests.replace("Statement/v1", "Statement/v9"),
  ]
  const found = await verdicts([...statements, ...broken])
  const types = ["signature", "spdx", "cyclonedx", "provenance", "tests", "signature", "provenance", "tests"] as const
  expect(found.slice(0, types.length)).toEqual(types.map((kind) => `${EVIDENCE_TYPES[kind].predicateType}: valid`))
  expect(found.slice(types.length)).toEqual([
    expect.stringMatching(/digest has incorrect length|dirHash/),
    expect.stringMatching(/unknown field "name"/),
    expect.stringMatching(/unknown field "passed"/),
    "invalid: wrong statement type",
  ])
})
