import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { PINS, problemText } from "../../../../dagger/src/core/catalog/catalog.js"
import { readCatalog } from "../../../../dagger/src/core/catalog/pins.js"
import type { ToolEntry } from "../../../../dagger/src/core/catalog/schema.js"
import { TOOL_ENTRIES } from "../../../../dagger/src/core/catalog/tools.js"

const A = "a".repeat(64)
const B = "b".repeat(64)
const INTEGRITY = `sha512-${"A".repeat(86)}==`
const SUM = `h1:${"A".repeat(43)}=`

/** Two tools of every kind that is pinned, without an error. */
const PINS_TEXT = `
node:
  upstream:
    version: 24.1.0
    released: 2026-01-31
    sha256:
      linux/amd64: ${A}
      linux/arm64: ${B}
  registry:
    version: 24.1.0
    released: unknown
    integrity:
      linux/amd64: ${INTEGRITY}
      linux/arm64: ${INTEGRITY.replace("A", "B")}
npm:
  registry:
    version: 11.0.0
    released: unknown
    integrity: ${INTEGRITY}
go:
  upstream:
    version: 1.27.2
    released: unknown
    sha256:
      linux/amd64: ${A}
      linux/arm64: ${B}
  registry:
    version: 1.26.8
    released: unknown
    sum:
      linux/amd64: ${SUM}
      linux/arm64: ${SUM.replace("A", "B")}
chrome:
  upstream:
    version: 154.0.8037.92
    released: unknown
    sha256:
      linux/amd64: ${A}
      linux/arm64: ${B}
chromedriver:
  upstream:
    version: 154.0.8037.92
    released: unknown
    sha256:
      linux/amd64: unknown
      linux/arm64: unknown
`
const { node, npm, go, chrome, chromedriver } = TOOL_ENTRIES
const ENTRIES = { node, npm, go, chrome, chromedriver } satisfies Record<string, ToolEntry>

const issues = (text: string, entries: Record<string, ToolEntry> = ENTRIES) =>
  readCatalog(text, entries).problems.map(problemText)

/** The pins with the first occurrence of a text replaced by another one. */
function pins(found: string, replacement: string): string {
  if (!PINS_TEXT.includes(found)) throw new Error(`${found} is not in the pins`)
  return PINS_TEXT.replace(found, replacement)
}

/** The entries with Node.js' file somewhere else. */
const nodeAt = (url: NonNullable<ToolEntry["upstream"]>["url"]) => ({
  ...ENTRIES,
  node: { ...node, upstream: { ...node.upstream, url } },
})

const ISSUES: Readonly<Record<string, string[]>> = {
  "a platform is missing": issues(pins(`      linux/arm64: ${B}\n`, "")),
  "a platform that does not exist": issues(pins("      linux/arm64:", "      linux/amr64:")),
  "a checksum with a wrong digit": issues(pins(A, A.replace("a", "g"))),
  "a short checksum": issues(pins(A, A.slice(1))),
  "a checksum in capitals": issues(pins(A, A.toUpperCase())),
  "no checksum at all": issues(pins(`linux/amd64: ${A}`, "linux/amd64:")),
  "one checksum for two files": issues(pins(B, A)),
  "a wrong npm integrity": issues(pins(`integrity: ${INTEGRITY}`, "integrity: sha512-AAAA")),
  "an npm integrity of the old kind": issues(pins(`integrity: ${INTEGRITY}`, `integrity: sha1-${"A".repeat(27)}=`)),
  "a wrong checksum of a Go module": issues(pins(`linux/amd64: ${SUM}`, `linux/amd64: ${A}`)),
  "a version is missing": issues(pins("    version: 24.1.0\n", "")),
  "a version that is a name": issues(pins("24.1.0", "latest")),
  "a version with a v": issues(pins("24.1.0", "v24.1.0")),
  "a day that does not exist": issues(pins("2026-01-31", "2026-13-31")),
  "a tool that is not in tools.ts": issues(pins("npm:", "nmp:")),
  "a tool twice": issues(`${PINS_TEXT}node:\n  upstream:\n`),
  "a key that is not known": issues(pins("released:", "relaesed:")),
  "a source that is not known": issues(pins("  registry:", "  regsitry:")),
  "a source that is not pinned": issues(pins("npm:\n", "npm:\n  upstream:\n    version: 1.2.3\n")),
  "a browser from before arm64": issues(PINS_TEXT.replaceAll("154.0.8037.92", "152.0.7977.82")),
  "a driver of another browser": issues(pins("154.0.8037.92", "154.0.8037.93")),
  "not YAML": issues(pins("npm:", "npm: [")),
  "not a mapping": issues("- node\n- npm\n"),
  "an address without TLS": issues(
    PINS_TEXT,
    nodeAt((version, { arch }) => `http://example.test/${version}/${arch}`),
  ),
  "an address without a version": issues(
    PINS_TEXT,
    nodeAt((_, { arch }) => `https://example.test/latest/${arch}`),
  ),
  "an address without a platform": issues(
    PINS_TEXT,
    nodeAt((version) => `https://example.test/${version}`),
  ),
  "an address of another tool": issues(
    PINS_TEXT,
    nodeAt((_, names) => go.upstream.url("1.27.2", names)),
  ),
}

describe("an error in the catalog", () => {
  it("is not in the project's own, nor in the one above", () => {
    expect(issues(readFileSync(PINS, "utf8"), TOOL_ENTRIES)).toEqual([])
    expect(issues(PINS_TEXT)).toEqual([])
  })

  it("is told with its place and what is wrong there", () => {
    expect(ISSUES).toMatchInlineSnapshot(`
      {
        "a browser from before arm64": [
          "chrome.upstream.version 152.0.7977.82 is too old for linux/arm64: Chrome for Testing supports that platform since 153.0.8001.0",
          "chromedriver.upstream.version 152.0.7977.82 is too old for linux/arm64: ChromeDriver supports that platform since 153.0.8001.0",
        ],
        "a checksum in capitals": [
          "node.upstream.sha256.linux/amd64 is not a SHA-256 (64 hexadecimal digits in lower case), or unknown",
        ],
        "a checksum with a wrong digit": [
          "node.upstream.sha256.linux/amd64 is not a SHA-256 (64 hexadecimal digits in lower case), or unknown",
        ],
        "a day that does not exist": [
          "node.upstream.released is not a day such as 2026-11-13, or unknown",
        ],
        "a driver of another browser": [
          "chromedriver.upstream.version 154.0.8037.92 differs from chrome's 154.0.8037.93, and they only work together",
        ],
        "a key that is not known": [
          "node.upstream.released is missing",
          "node.upstream has the unknown key "relaesed"; did you mean released?",
        ],
        "a platform is missing": [
          "node.upstream.sha256.linux/arm64 is missing",
        ],
        "a platform that does not exist": [
          "node.upstream.sha256.linux/arm64 is missing",
          "node.upstream.sha256 has the unknown key "linux/amr64"; did you mean linux/amd64?",
        ],
        "a short checksum": [
          "node.upstream.sha256.linux/amd64 is not a SHA-256 (64 hexadecimal digits in lower case), or unknown",
        ],
        "a source that is not known": [
          "node has the unknown key "regsitry"; did you mean registry?",
          "node.registry is missing",
        ],
        "a source that is not pinned": [
          "npm has the unknown key "upstream"; choose from registry",
        ],
        "a tool that is not in tools.ts": [
          "pins.yaml has the unknown key "nmp"; did you mean npm?",
          "npm.registry is missing",
        ],
        "a tool twice": [
          "pins.yaml cannot be read: Map keys must be unique at line 47, column 1",
        ],
        "a version is missing": [
          "node.upstream.version is missing",
        ],
        "a version that is a name": [
          "node.upstream.version is not a version: numbers separated by dots",
        ],
        "a version with a v": [
          "node.upstream.version is not a version: numbers separated by dots",
        ],
        "a wrong checksum of a Go module": [
          "go.registry.sum.linux/amd64 is not Go's checksum (h1: and 44 characters), or unknown",
        ],
        "a wrong npm integrity": [
          "npm.registry.integrity is not npm's integrity (sha512- and 88 characters), or unknown",
        ],
        "an address of another tool": [
          "node.upstream.url for linux/amd64 does not contain the version 24.1.0, so the file may change: https://dl.google.com/go/go1.27.2.linux-amd64.tar.gz",
          "node.upstream.url for linux/arm64 does not contain the version 24.1.0, so the file may change: https://dl.google.com/go/go1.27.2.linux-arm64.tar.gz",
          "go.upstream.url for linux/amd64 is the same file as node.upstream.url for linux/amd64: https://dl.google.com/go/go1.27.2.linux-amd64.tar.gz",
          "go.upstream.url for linux/arm64 is the same file as node.upstream.url for linux/arm64: https://dl.google.com/go/go1.27.2.linux-arm64.tar.gz",
        ],
        "an address without TLS": [
          "node.upstream.url for linux/amd64 is not an https URL: http://example.test/24.1.0/amd64",
          "node.upstream.url for linux/arm64 is not an https URL: http://example.test/24.1.0/arm64",
        ],
        "an address without a platform": [
          "node.upstream.sha256 differs between linux/amd64 and linux/arm64, which use the same file: https://example.test/24.1.0",
          "node.upstream.url for linux/arm64 is the same file as node.upstream.url for linux/amd64: https://example.test/24.1.0",
        ],
        "an address without a version": [
          "node.upstream.url for linux/amd64 does not contain the version 24.1.0, so the file may change: https://example.test/latest/amd64",
          "node.upstream.url for linux/arm64 does not contain the version 24.1.0, so the file may change: https://example.test/latest/arm64",
        ],
        "an npm integrity of the old kind": [
          "npm.registry.integrity is not npm's integrity (sha512- and 88 characters), or unknown",
        ],
        "no checksum at all": [
          "node.upstream.sha256.linux/amd64 is not a SHA-256 (64 hexadecimal digits in lower case), or unknown",
        ],
        "not YAML": [
          "pins.yaml cannot be read: Nested mappings are not allowed in compact mappings at line 17, column 14",
        ],
        "not a mapping": [
          "pins.yaml cannot be read: it is not a mapping of tools to their sources",
        ],
        "one checksum for two files": [
          "node.upstream.sha256 is the same for linux/amd64 and linux/arm64, whose files are different: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ],
      }
    `)
  })
})
