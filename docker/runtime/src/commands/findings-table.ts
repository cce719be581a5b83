import type { Finding } from "../doctor/examination/finding.js"
import { aligned } from "./aligned.js"

/** As wide as the column of statuses. */
const INDENT = " ".repeat(9)

/** The findings as a table, each remedy below its finding, and a summary. */
export function findingsTable(findings: readonly Finding[]): string {
  const rows = aligned(findings.map(({ status, check, text }) => [status, check, text.split("\n", 1)[0] ?? ""]))
  const lines = findings.flatMap(({ status, text, remedy }, index) => [
    rows[index] ?? "",
    ...text
      .split("\n")
      .slice(1)
      .map((line) => `${INDENT}${line}`),
    ...(remedy !== undefined && status !== "ok" ? [`${INDENT}→ ${remedy.replaceAll("\n", `\n${INDENT}  `)}`] : []),
  ])
  return `${[...lines, "", summary(findings)].join("\n")}\n`
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Finding["status"]): number => findings.filter((finding) => finding.status === status).length
  const problems = count("problem")
  const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`
  return problems === 0 && count("warning") === 0
    ? "No problems found."
    : `${counted(problems, "problem")}, ${counted(count("warning"), "warning")}.`
}
