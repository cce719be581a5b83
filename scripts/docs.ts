import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { format, resolveConfig } from "prettier"
import { audit } from "../dagger/src/core/catalog/releases/audit.js"
import { PINS } from "../dagger/src/core/catalog/catalog.js"
import { readCatalog } from "../dagger/src/core/catalog/pins.js"
import { supportMatrix } from "../dagger/src/core/catalog/releases/support-matrix.js"
import { TOOL_ENTRIES } from "../dagger/src/core/catalog/tools.js"
import { goProgram } from "../dagger/src/core/plan/expected-tools.js"
import { table } from "../dagger/src/core/text/markdown.js"
import { dockerfiles } from "../src/runs/dockerfile.js"
import { folderGraph } from "./folder-graph.js"
import { runtimeDocument } from "./runtime-docs.js"

/** Documents and Dockerfiles that are made from data, by their absolute path. `npm run docs` writes them. */
export async function documents(): Promise<Map<string, string>> {
  const { tools } = readCatalog(readFileSync(PINS, "utf8"), TOOL_ENTRIES)
  const made = {
    "docs/SUPPORT_MATRIX.md": supportMatrix(audit(tools)),
    "docs/RUNTIME.md": runtimeDocument(),
    "docs/ARCHITECTURE.md": withGraph(read("docs/ARCHITECTURE.md"), await folderGraph()),
    "docs/ACT_RUNNER.md": withVersions(read("docs/ACT_RUNNER.md")),
  }
  const formatted = Object.entries(made).map(async ([name, text]): Promise<[string, string]> => {
    const path = fileURLToPath(new URL(`../${name}`, import.meta.url))
    return [path, await format(text, { ...(await resolveConfig(path)), filepath: path })]
  })
  return new Map([...(await Promise.all(formatted)), ...dockerfiles()])
}

const GRAPH = /(<!-- folder graph: .*? -->\n)[^]*?(<!-- end of folder graph -->)/

function withGraph(document: string, graph: string): string {
  if (!GRAPH.test(document)) throw new Error("docs/ARCHITECTURE.md has no place for the folder graph")
  return document.replace(GRAPH, (_, begin: string, end: string) => `${begin}\n${graph}\n\n${end}`)
}

const VERSIONS = /(<!-- versions: .*? -->\n)[^]*?(<!-- end of versions -->)/

/** The program's version, and those of the modules that it is named after and that run steps. */
function withVersions(document: string): string {
  if (!VERSIONS.test(document)) throw new Error("docs/ACT_RUNNER.md has no place for versions")
  const [version, goMod] = [read("docker/act-runner/VERSION"), read("docker/act-runner/go.mod")]
  const rows = [
    ["the program", version.trim()],
    ...["github.com/ChristopherHX/github-act-runner", "github.com/actions-oss/act-cli"].map((module) => {
      const [path = "", required = ""] = goProgram(version, goMod, module).module.split("@")
      return [`\`${path}\``, required]
    }),
  ]
  return document.replace(VERSIONS, (_, begin: string, end: string) => {
    return `${begin}\n${table(["Part", "Version"], rows)}\n\n${end}`
  })
}

/** A file of this project. */
function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), "utf8")
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, text] of await documents()) writeFileSync(path, text)
