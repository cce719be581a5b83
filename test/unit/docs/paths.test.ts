import { existsSync, readFileSync } from "node:fs"
import { expect, it } from "vitest"

/** Where the documents' short forms begin: `core/errors.ts`, `commands/build.ts`, `bare/up.ts`. */
const ROOTS = ["", "dagger/src/", "dagger/", "src/", "src/engine/", "docker/runtime/src/", "docker/", "docker/runtime/"]

/** The sources' files that a document names, in backquotes, with a folder. */
function namedFiles(document: string): string[] {
  const text = readFileSync(document, "utf8").replaceAll(/```[^]*?```/g, "")
  return [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|sh|json|yaml|go))`/g)].flatMap(([, path = ""]) => path)
}

it.each(["docs/ARCHITECTURE.md", "CONTRIBUTING.md"])("%s names files that there are", (document) => {
  const named = namedFiles(document)
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((path) => !ROOTS.some((root) => existsSync(root + path)))).toEqual([])
})
