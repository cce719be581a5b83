import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { format, resolveConfig } from "prettier"
import { audit } from "../dagger/src/core/catalog/releases/audit.js"
import { PINS } from "../dagger/src/core/catalog/catalog.js"
import { readCatalog } from "../dagger/src/core/catalog/pins.js"
import { supportMatrix } from "../dagger/src/core/catalog/releases/support-matrix.js"
import { TOOL_ENTRIES } from "../dagger/src/core/catalog/tools.js"
import { ERRORS } from "../dagger/src/core/errors.js"
import { goProgram } from "../dagger/src/core/plan/expected-tools.js"
import { table } from "../dagger/src/core/text/markdown.js"
import { dockerfiles } from "../src/runs/dockerfile.js"
import { architectureTables } from "./architecture-docs.js"
import { folderGraph } from "./folder-graph.js"
import { noticeDocument } from "./notice.js"
import { runtimeDocument } from "./runtime-docs.js"

/** Documents, NOTICE and Dockerfiles that are made from data, by their absolute path. `npm run docs` writes them. */
export async function documents(): Promise<Map<string, string>> {
  const { tools } = readCatalog(readFileSync(PINS, "utf8"), TOOL_ENTRIES)
  const made = {
    "docs/SUPPORT_MATRIX.md": supportMatrix(audit(tools)),
    "docs/RUNTIME.md": runtimeDocument(),
    "docs/ARCHITECTURE.md": filledIn("docs/ARCHITECTURE.md", { "folder graph": await folderGraph() }),
    "docs/ACT_RUNNER.md": filledIn("docs/ACT_RUNNER.md", { versions: versions() }),
    "docs/ARM64_PLATFORMS.md": filledIn(
      "docs/ARM64_PLATFORMS.md",
      architectureTables(read("dagger/src/core/parity/platform-differences.json")),
    ),
    "docs/TROUBLESHOOTING.md": filledIn("docs/TROUBLESHOOTING.md", { "error codes": errorCodes() }),
  }
  const formatted = Object.entries(made).map(async ([name, text]): Promise<[string, string]> => {
    const path = fileURLToPath(new URL(`../${name}`, import.meta.url))
    return [path, await format(text, { ...(await resolveConfig(path)), filepath: path })]
  })
  const notice = noticeDocument({
    manifest: read("package.json"),
    lock: read("package-lock.json"),
    runtimeLock: read("docker/package-lock.json"),
  })
  return new Map([
    ...(await Promise.all(formatted)),
    [fileURLToPath(new URL("../NOTICE", import.meta.url)), notice],
    ...dockerfiles(),
  ])
}

/** The program's version, and those of the modules that it is named after and that run steps. */
function versions(): string {
  const [version, goMod] = [read("docker/act-runner/VERSION"), read("docker/act-runner/go.mod")]
  const rows = [
    ["the program", version.trim()],
    ...["github.com/ChristopherHX/github-act-runner", "github.com/actions-oss/act-cli"].map((module) => {
      const [path = "", required = ""] = goProgram(version, goMod, module).module.split("@")
      return [`\`${path}\``, required]
    }),
  ]
  return table(["Part", "Version"], rows)
}

/** A document of which people write all but the named parts, each between two comments. */
function filledIn(name: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((document, [part, text]) => {
    const place = new RegExp(`(<!-- ${part}: .*? -->\\n)[^]*?(<!-- end of ${part} -->)`)
    if (!place.test(document)) throw new Error(`${name} has no place for ${part}`)
    return document.replace(place, (_, begin: string, end: string) => `${begin}\n${text}\n\n${end}`)
  }, read(name))
}

/** Every error of the command line and the module, in the order of the alphabet. */
function errorCodes(): string {
  const codes = Object.entries(ERRORS).sort(([one], [other]) => one.localeCompare(other))
  return table(
    ["Code", "Exit code", "Meaning"],
    codes.map(([code, { exit, meaning }]) => [`\`${code}\``, String(exit), meaning]),
  )
}

/** A file of this project. */
function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), "utf8")
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, text] of await documents()) writeFileSync(path, text)
