import { printable } from "../../dagger/src/core/text/printable.js"
import type { Finding } from "../doctor/examination/finding.js"

/** As wide as the column of statuses. */
const INDENT = " ".repeat(9)

/** The findings as a table, each remedy below its finding, and a summary: the form of the images' own doctor. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ status, check, text, remedy }) => {
    const [first = "", ...rest] = printable(text).split("\n")
    return [
      `${status.padEnd(INDENT.length - 2)}  ${check.padEnd(width)}  ${first}`.trimEnd(),
      ...rest.map((line) => `${INDENT}${line}`),
      ...(remedy === undefined ? [] : [`${INDENT}→ ${printable(remedy).replaceAll("\n", `\n${INDENT}  `)}`]),
    ]
  })
  return [...lines, "", summary(findings)].join("\n")
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Finding["status"]): number => findings.filter((finding) => finding.status === status).length
  const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`
  const [problems, warnings] = [count("problem"), count("warning")]
  return problems === 0 && warnings === 0
    ? "No problems found."
    : `${counted(problems, "problem")}, ${counted(warnings, "warning")}.`
}
