import { execa } from "execa"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { temporaryFolder } from "../../unit/temporary-folder.js"

/** GitHub refuses a step's summary that is larger. */
const GITHUB_LIMIT = 1024 * 1024

/** The program as workflows call it, with these documents. */
async function summary(documents: Record<string, string>, ...words: string[]) {
  const folder = temporaryFolder("runner-images-summary")
  const files = Object.entries(documents).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return name
  })
  const program = join(process.cwd(), "scripts/job-summary.mjs")
  return execa("node", [program, ...words, ...files], { cwd: folder, reject: false, stripFinalNewline: false })
}

const row = (number: number) => `| check ${number} | that umlauts (ä, €, 😀) are not cut in the middle | passed |\n`
const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index)).join("")
const report = (name: string, count: number) =>
  `# ${name}\n\n| Check | Proves | Result |\n| --- | --- | --- |\n${rows(count)}`

describe("a job's summary", () => {
  it("is the reports as they are, one after the other", async () => {
    const { stdout, exitCode } = await summary({ "a.md": report("a", 3), "b.md": report("b", 2) })
    expect({ stdout, exitCode }).toEqual({ stdout: `${report("a", 3)}\n${report("b", 2)}`, exitCode: 0 })
  })

  it("stays below GitHub's limit, at the end of a line, and says where the rest is", async () => {
    const { stdout } = await summary({ "long.md": report("long", 30_000) })
    expect(Buffer.byteLength(stdout)).toBeLessThan(GITHUB_LIMIT)
    expect(Buffer.byteLength(stdout)).toBeGreaterThan(GITHUB_LIMIT * 0.9)
    const lines = stdout.trimEnd().split("\n")
    expect(lines.slice(-3, -1)).toEqual([expect.stringMatching(/^\| check \d+ .* passed \|$/), ""])
    expect(lines.at(-1)).toMatch(/^\*\*Cut here\*\*: long\.md has \d+ bytes, \d+ of them are above\./)
    expect(stdout).not.toContain("\ufffd")
  })

  it("gives what a short report leaves to the longer ones, in the order given", async () => {
    const documents = {
      "long.md": report("long", 500),
      "short.md": report("short", 1),
      "other.md": report("other", 500),
    }
    const { stdout } = await summary(documents, "--limit", "20000")
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(20_000)
    expect(Buffer.byteLength(stdout)).toBeGreaterThan(19_000)
    expect([...stdout.matchAll(/^# (.*)$/gm)].map(([, name]) => name)).toEqual(["long", "short", "other"])
    expect(stdout).toContain(report("short", 1))
    expect([...stdout.matchAll(/^\*\*Cut here\*\*: (\S+)/gm)].map(([, name]) => name)).toEqual(["long.md", "other.md"])
  })

  it.each([
    ["a folded part", "<details><summary>All</summary>\n\n", "</details>"],
    ["a code block", "```diff\n", "```"],
  ])("closes %s that it cuts", async (_, opening, closing) => {
    const { stdout } = await summary({ "a.md": `# a\n\n${opening}${rows(100)}${closing}\n` }, "--limit", "2000")
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(2000)
    expect(stdout).toMatch(new RegExp(`\\|\n+${closing}\n\n\\*\\*Cut here`))
  })

  it.each([
    ["no file", {}, [], "error: No file is given."],
    ["a file that does not exist", {}, ["missing.md"], "error: missing.md cannot be read: ENOENT"],
    ["a limit that is none", { "a.md": "a" }, ["--limit", "1MB"], 'error: --limit "1MB" is not a number of bytes.'],
    ["a limit that holds nothing", { "a.md": "a" }, ["--limit", "100"], "error: --limit 100 is too small for 1 file."],
    ["an option that there is not", { "a.md": "a" }, ["--max", "9"], "error: Unknown option '--max'."],
  ])("needs what it is given to be right: %s", async (_, documents, words, message) => {
    const { exitCode, stdout, stderr } = await summary(documents, ...words)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" })
    expect(stderr).toMatch(new RegExp(`^${message.replaceAll(/[.]/g, "\\.")}`))
    expect(stderr.trim().split("\n")).toHaveLength(2)
  })
})
