import {
  ROWS,
  usualPhases,
  type BenchReport,
  type Machine,
  type RowResult,
  type Spread,
  type Subject,
} from "../../dagger/src/core/bench/bench.js"
import { megabytes, section, table, text } from "../../dagger/src/core/text/markdown.js"

/** The figures as Markdown, for people and for documents. */
export function benchText(report: BenchReport): string {
  return [machineText(report.machine, report.began), ...report.subjects.map((subject) => subjectText(report, subject))]
    .join("\n\n")
    .trim()
}

function machineText({ platform, processors, memoryBytes, kernel, engine, emulator }: Machine, began: string): string {
  return [
    `- Machine: ${platform}, ${processors} processors, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, Linux ${text(kernel)}`,
    `- Engine: Dagger ${text(engine)}`,
    `- Emulator: ${text(emulator)}`,
    `- Started: ${began}`,
  ].join("\n")
}

function subjectText({ packages: further, compression }: BenchReport, subject: Subject): string {
  const { variant, platform, packages, compressedBytes, rows, ratios } = subject
  const title = platform === undefined ? `${variant}: images for all platforms` : `${variant}: packages for ${platform}`
  const facts = [
    ...(packages === undefined ? [] : [`Package files: ${perPlatform(packages, String)}.`]),
    ...(packages === undefined || further.length === 0 ? [] : [`Additional packages: ${further.join(", ")}.`]),
    ...(compressedBytes === undefined
      ? []
      : [`Compressed by ${compression}: ${perPlatform(compressedBytes, megabytes)}.`]),
  ]
  return section(
    title,
    [
      facts.join(" "),
      table(["Row", "What", "Median", "Min", "Max", "Runs", "Disk", "Requests", "Sent", "Method"], rows.map(rowCells)),
      table(
        ["Ratio", "Median", "Min", "Max"],
        ratios.map(({ of, to, ratio }) => [`${of} ÷ ${to}`, ...spread(ratio, (value) => value.toFixed(2))]),
      ),
      ...rows.map(phasesText),
    ]
      .filter((part) => part !== "")
      .join("\n\n"),
  )
}

function rowCells(result: RowResult): string[] {
  const { row, runs, diskBytes, requests, sentBytes } = result
  return [
    row,
    ROWS[row],
    ...spread(result.seconds, seconds),
    runs.map((run) => run.seconds.toFixed(1)).join(", "),
    diskBytes === undefined ? "unknown" : megabytes(diskBytes.median),
    requests === undefined ? "unknown" : String(requests.median),
    sentBytes === undefined ? "unknown" : megabytes(sentBytes.median),
    installMethodText(result),
  ]
}

/** How the foreign packages were installed: each method that the runs used, once. */
function installMethodText({ runs }: RowResult): string {
  const all = runs.map(({ installMethod, reason }) =>
    reason === undefined ? (installMethod ?? "") : `${installMethod ?? ""}: ${text(reason)}`,
  )
  return [...new Set(all)].join(", ")
}

function phasesText(result: RowResult): string {
  const phases = usualPhases(result)
  if (phases.length < 2) return ""
  return table(
    [`Phases of ${result.row}`, "Starts", "Takes"],
    phases.map(({ name, start, seconds: takes }) => [text(name), seconds(start), seconds(takes)]),
  )
}

function spread({ median, min, max }: Spread, shown: (value: number) => string): string[] {
  return [median, min, max].map(shown)
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`
}

function perPlatform(values: Partial<Record<string, number>>, shown: (value: number) => string): string {
  return Object.entries(values)
    .map(([platform, value]) => `${platform} ${value === undefined ? "unknown" : shown(value)}`)
    .join(", ")
}
