import Table from "cli-table3"
import {
  differenceText,
  sizesOf,
  type ParityReport,
  type RoadReport,
} from "../../dagger/src/core/parity/emulation-parity.js"
import { duration } from "./duration.js"

/** For people: what was compared, both roads side by side, then every path that differs. */
export function parityText(report: ParityReport): string {
  const { variant, platform, packages, paths, accelerated, emulated, ratio, differences, excused, unused } = report
  const table = new Table({
    head: ["packages by", "time", "size", "compressed", "layers"],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "right", "right", "right", "left"],
  })
  table.push(row("native programs", accelerated), row("emulation", emulated))
  table.push(["ratio", "", ratio.bytes.toFixed(4), ratio.compressedBytes.toFixed(4), ""])
  return [
    `${variant} ${platform}: ${packages} packages, ${paths} paths compared, ${differences.length} different`,
    table.toString(),
    ...[accelerated, emulated].flatMap(({ road, reason }) =>
      reason === undefined ? [] : [`Fell back to ${road}: ${reason}`],
    ),
    ...differences.map(differenceText),
    ...excused.map((difference) => `allowed: ${differenceText(difference)}`),
    ...unused.map(({ path, fields }) => `allowed in vain: ${path} (${fields.join(", ")})`),
  ].join("\n")
}

function row(name: string, report: RoadReport): string[] {
  const { bytes, compressedBytes } = sizesOf(report)
  const layers = report.layers.map((layer) => `${layer.name} ${megabytes(layer.compressedBytes)}`).join(", ")
  return [name, duration(report.seconds), megabytes(bytes), megabytes(compressedBytes), layers]
}

/** Decimal megabytes, as registries show them. */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
