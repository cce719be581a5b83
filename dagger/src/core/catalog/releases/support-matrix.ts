import { table, text } from "../../text/markdown.js"
import { PLATFORMS } from "../../platforms.js"
import type { AuditRow } from "./audit.js"

/** The dependency audit as a document: which tool is on which platform, where it comes from and how it is verified. */
export function supportMatrix(rows: readonly AuditRow[]): string {
  const head = ["Tool", "Sources", "Version", ...PLATFORMS, "Verified by", "Proven by"]
  return [
    "# Support matrix",
    "<!-- Generated from the catalog by `npm run docs`; a test fails when this file is out of date. -->",
    `Every tool in \`dagger/src/core/catalog/\`, which are those that do not simply come with the distribution, on every platform.
\`./runner-images catalog check --json\` prints the same for programs. Where the version is "the archive's", the distribution's
archive decides it when an image is built, and the image's report states it. A build refuses to use a file that is pinned
without a known checksum, and warns of a version with a known vulnerability, which is named beside it. "Proven by" names the smoke checks.`,
    table(head, lines(rows)),
    "The report of each image lists the distribution's packages, with version and SHA-256 for each platform.",
  ]
    .join("\n\n")
    .concat("\n")
}

/** One line for each tool and source, with the platforms side by side. */
function lines(rows: readonly AuditRow[]): string[][] {
  const keys = [...new Set(rows.map(keyOf))]
  return keys.map((key) => {
    const members = rows.filter((row) => keyOf(row) === key)
    const [first] = members
    if (!first) return []
    const files = PLATFORMS.map((platform) => fileText(members.find((row) => row.platform === platform)))
    const verified = [...new Set(members.map((row) => row.verified))].join("; ")
    return [
      first.title,
      first.source,
      [first.version, ...first.vulnerabilities.map((id) => `**${id}**`)].join(", "),
      ...files,
      text(verified),
      first.checks.map((name) => `\`${name}\``).join(", "),
    ]
  })
}

const keyOf = ({ tool, source }: AuditRow) => `${tool} ${source}`

/** URLs by their files' names. */
function fileText(row: AuditRow | undefined): string {
  if (!row) return "**missing**"
  if (!row.from.startsWith("https://")) return text(row.from)
  return `[${text(row.from.slice(row.from.lastIndexOf("/") + 1))}](${row.from})`
}
