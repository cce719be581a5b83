import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, it } from "vitest"

const inFolder = (folder: string, recursive: boolean) =>
  readdirSync(folder, { recursive, encoding: "utf8" }).map((name) => join(folder, name))

const DOCUMENTS = [
  ...inFolder(".", false),
  ...["docs", "examples", "test"].flatMap((folder) => inFolder(folder, true)),
].filter((name) => name.endsWith(".md") && !name.includes("node_modules"))

/** The anchors that GitHub gives to a document's headings. */
function anchors(document: string): string[] {
  const prose = document.replaceAll(/^```[^]*?^```$/gm, "")
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-"),
  )
}

/** A document's links to files of this project that lead nowhere. */
function dead(document: string): string[] {
  const text = readFileSync(document, "utf8").replaceAll(/^```[^]*?^```$/gm, "")
  const inline = [...text.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)]
  const defined = [...text.matchAll(/^\[[^\]]+\]: ([^#\s]*)(?:#(\S*))?$/gm)]
  return [...inline, ...defined]
    .filter(([, file = "", anchor]) => {
      if (/^[a-z]+:/.test(file)) return false
      const path = file === "" ? document : join(dirname(document), file)
      if (!existsSync(path)) return true
      return (
        anchor !== undefined && (statSync(path).isDirectory() || !anchors(readFileSync(path, "utf8")).includes(anchor))
      )
    })
    .map(([link]) => link)
}

it("all documents are read", () => {
  expect(DOCUMENTS).toEqual(expect.arrayContaining(["README.md", "docs/DEPLOYMENT.md", "test/multi-arch/README.md"]))
})

it.each(DOCUMENTS)("%s leads to what is there", (document) => {
  expect(dead(document)).toEqual([])
})
