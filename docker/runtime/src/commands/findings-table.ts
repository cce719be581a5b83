import type { Finding } from "../doctor/finding.js"
import { aligned } from "./aligned.js"

/** The findings as a table, each remedy below its finding, and what it comes to. */
export function findingsTable(findings: readonly Finding[]): string {
  const rows = aligned(findings.map(({ status, check, text }) => [status, check, text.split("\n").join("; ")]))
  const lines = findings.flatMap(({ status, remedy }, index) => [
    rows[index] ?? "",
    ...(remedy !== undefined && status !== "ok" ? [`         → ${remedy}`] : []),
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
