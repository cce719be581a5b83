import Table from "cli-table3"
import type { AuditRow } from "../../dagger/src/core/catalog/releases/audit.js"
import type { Comparison } from "../../dagger/src/core/catalog/releases/newest.js"
import { signatureText } from "../../dagger/src/core/catalog/verification.js"
import type { Update } from "../../dagger/src/core/catalog/releases/update.js"

/** What `catalog check` found. */
export interface CatalogCheck {
  problems: string[]
  warnings: string[]
  audit: AuditRow[]
}

/** For people: the dependency audit, the warnings and the result. */
export function checkText({ problems, warnings, audit }: CatalogCheck): string {
  const verdict =
    problems.length === 0 ? `The catalog is valid: ${audit.length} files and packages.` : `Errors: ${problems.length}.`
  return [auditTable(audit), ...warnings.map(warningLine), verdict].join("\n")
}

function auditTable(rows: readonly AuditRow[]): string {
  const table = compact(["tool", "platform", "source", "version", "released", "verified by"])
  for (const { tool, platform, source, version, released, verified } of rows)
    table.push([tool, platform, source, version, released, verified])
  return table.toString()
}

/** For people: every source beside its vendor's newest release. */
export function outdatedText(compared: readonly Comparison[]): string {
  const table = compact(["tool", "source", "pinned", "newest", "released", "state"])
  for (const comparison of compared) {
    const { tool, source, pinned, state } = comparison
    const { version, released } =
      comparison.state === "unreachable" ? { version: "unknown", released: "unknown" } : comparison.newest
    table.push([tool, source, pinned, version, released, state])
  }
  const reasons = compared.flatMap(({ tool, source, reason }) =>
    reason === undefined ? [] : [`${tool} (${source}): ${reason}`],
  )
  const warnings = new Set(compared.flatMap(({ warnings = [] }) => warnings))
  return [table.toString(), ...reasons, ...[...warnings].map(warningLine)].join("\n")
}

/** For people: the outcome for each source, then the file's diff. */
export function updateText(updates: readonly Update[], diff: string): string {
  const lines = updates.map(({ tool, source, state, from, to, seenOnce, signature, reason }) => {
    const versions = from === to ? from : `${from} → ${to}`
    const trust = seenOnce
      ? ", checksum from a single download: the vendor publishes none"
      : signature
        ? `, verified by ${signatureText(signature)}`
        : ""
    return `${tool} (${source}): ${state}, ${versions}${trust}${reason === undefined ? "" : `: ${reason}`}`
  })
  const warnings = new Set(updates.flatMap(({ warning }) => warning ?? []))
  const rest = diff === "" ? ["Nothing has changed."] : ["", diff.trimEnd(), "", "Review it, then: npm run docs"]
  return [...lines, ...[...warnings].map(warningLine), ...rest].join("\n")
}

function warningLine(text: string): string {
  return `warning: ${text}`
}

function compact(head: string[]): Table.Table {
  return new Table({ head, style: { head: [], border: [], compact: true } })
}
