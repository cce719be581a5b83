/** Rows of a table as lines: every column but the last as wide as its widest cell, two spaces between. */
export function aligned(rows: readonly (readonly string[])[], indent = ""): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  return rows.map((row) =>
    `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd(),
  )
}
