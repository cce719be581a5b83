import { printable } from "./printable.js"

/** A section with its heading; empty if its body is. */
export function section(title: string, body: string): string {
  return body === "" ? "" : `## ${title}\n\n${body}`
}

/** Empty when there are no rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ""
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")
}

/** Escapes text from a program or a user for a table cell. */
export function text(raw: string): string {
  return printable(raw.trim())
    .replace(/[\\`*<>|[\]]/g, "\\$&")
    .replace(/\s*\n\s*/g, "<br>")
}

/** Decimal megabytes, as registries show them. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
