import { PLATFORMS, type PlatformName } from "../../dagger/src/core/platforms.js"
import type { CaseGroup, CaseResult } from "./lifecycle-case.js"
import type { IdleUse, Measurements } from "./measurements.js"

/** With what all cases are run. */
const HARNESS = "runc"

const MEBIBYTE = 2 ** 20

export interface LifecycleReport {
  readonly groups: readonly CaseGroup[]
  readonly results: readonly CaseResult[]
  readonly measurements: readonly Measurements[]
}

/** What came of the lifecycle cases, as Markdown: each case with its platforms, then what was measured. */
export function lifecycleReport(report: LifecycleReport): string {
  return [
    "# Lifecycle of the built images",
    "",
    summary(report.results),
    "",
    ...report.groups.flatMap((group) => [`## ${group.title}`, "", ...caseTable(group, report.results), ""]),
    ...reasons(report.results),
    "## Measured",
    "",
    ...measuredTable(report.measurements),
    "",
  ].join("\n")
}

function summary(results: readonly CaseResult[]): string {
  return PLATFORMS.map((platform) => {
    const count = (status: CaseResult["status"]): number =>
      results.filter((result) => result.platform === platform && result.status === status).length
    return `${platform}: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped.`
  }).join(" ")
}

function caseTable({ cases }: CaseGroup, results: readonly CaseResult[]): string[] {
  const rows = cases.map((lifecycleCase) => {
    const cell = (platform: PlatformName): string => {
      const found = results.find((result) => result.case === lifecycleCase && result.platform === platform)
      if (!found) return "not run"
      return found.status === "skipped" ? "skipped" : `${found.status} ${found.seconds.toFixed(1)} s`
    }
    return [lifecycleCase.name, lifecycleCase.proves, HARNESS, ...PLATFORMS.map(cell)]
  })
  return table(["case", "proves", "harness", ...PLATFORMS], rows)
}

function reasons(results: readonly CaseResult[]): string[] {
  const why = new Set(
    results.flatMap((result) => (result.status === "skipped" ? [`${result.platform}: ${result.why}`] : [])),
  )
  return why.size === 0 ? [] : ["## Why cases were skipped", "", ...[...why].map((text) => `- ${text}`), ""]
}

function measuredTable(measurements: readonly Measurements[]): string[] {
  const memory = (use?: IdleUse): string => (use ? `${(use.memory / MEBIBYTE).toFixed(0)} MiB` : "–")
  const processors = (use?: IdleUse): string => (use ? `${(use.processors * 100).toFixed(2)} %` : "–")
  const rows = measurements.map(({ platform, way, registered, listening, idle, idleBroker }) => [
    platform,
    way,
    `${registered.toFixed(1)} s`,
    `${listening.toFixed(1)} s`,
    memory(idle),
    processors(idle),
    memory(idleBroker),
  ])
  return table(
    [
      "platform",
      "way of starting",
      "start to registered",
      "start to listening",
      "idle memory",
      "idle processor",
      "idle memory of the broker's container",
    ],
    rows,
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  return [line(head), line(head.map(() => "---")), ...rows.map(line)]
}
