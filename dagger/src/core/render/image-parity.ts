import { table, text } from "../text/markdown.js"
import { printable } from "../text/printable.js"
import type { ImageDifference, ImageParity } from "../report/report.js"

/** @example differenceText(…) ⇒ "file /etc/hosts: mode 644 on linux/amd64, 600 on linux/arm64" */
export function differenceText({ area, name, aspect, values }: ImageDifference): string {
  const each = Object.entries(values).map(([platform, value]) => `${value ?? "none"} on ${platform}`)
  return printable(`${area} ${name}: ${aspect === undefined ? "" : `${aspect} `}${each.join(", ")}`)
}

/** @example paritySummary(…) ⇒ "214 packages, 7 tools, 2311 paths compared: 0 differences, 2 explained" */
export function paritySummary({ software, paths, differences, explained }: ImageParity): string {
  const count = (kind: string) => String(software.filter((entry) => entry.kind === kind).length)
  return `${count("package")} packages, ${count("tool")} tools, ${String(paths)} paths compared: ${String(differences.length)} differences, ${String(explained.length)} explained`
}

/** For people, as Markdown: differences, explained differences, and the software side by side. */
export function parityMarkdown(parity: ImageParity): string {
  const { platforms, software, differences, explained, unused } = parity
  const place = ({ area, name, aspect }: Omit<ImageDifference, "values">) =>
    text(`${area} ${name}${aspect === undefined ? "" : `, ${aspect}`}`)
  const cells = (values: Readonly<Record<string, string | null>>) =>
    platforms.map((platform) => text(values[platform] ?? "none"))
  return [
    paritySummary(parity),
    table(
      ["Difference", ...platforms],
      differences.map((entry) => [place(entry), ...cells(entry.values)]),
    ),
    table(
      ["Explained difference", ...platforms, "Reason"],
      explained.map((entry) => [place(entry), ...cells(entry.values), text(entry.reason)]),
    ),
    table(
      ["Unused suppression", "Reason"],
      unused.map((entry) => [place(entry), text(entry.reason)]),
    ),
    folded(
      "Software",
      table(
        ["Kind", "Name", ...platforms],
        software.map(({ kind, name, versions }) => [kind, text(name), ...cells(versions)]),
      ),
    ),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
}

/** Long sections are collapsed. */
function folded(summary: string, body: string): string {
  return body === "" ? "" : `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`
}
