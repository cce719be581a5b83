import { FAMILIES, type FamilyFacts } from "./families.js"

/** The metrics as a Markdown table. */
export function metricsReference(): string {
  const rows = Object.values<FamilyFacts>(FAMILIES).map(
    ({ name, type, labels, meaning, source }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${meaning} | ${source} |`,
  )
  return `| Metric | Type | Labels | Meaning | Source |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`
}
