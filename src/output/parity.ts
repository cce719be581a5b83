import Table from "cli-table3"
import {
  differenceText,
  sizesOf,
  type ParityReport,
  type InstallMethodReport,
} from "../../dagger/src/core/parity/emulation-parity.js"
import { duration } from "./duration.js"

/** For people: what was compared, both installations side by side, then every path that differs. */
export function parityText(report: ParityReport): string {
  const { variant, platform, packages, paths, accelerated, emulated, ratio, differences, suppressed, unused } = report
  const table = new Table({
    head: ["installed with", "time", "size", "compressed", "layers"],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "right", "right", "right", "left"],
  })
  table.push(row("native binaries", accelerated), row("emulation", emulated))
  table.push(["ratio", "", ratio.bytes.toFixed(4), ratio.compressedBytes.toFixed(4), ""])
  return [
    `${variant} ${platform}: ${packages} packages, ${paths} paths compared, ${differences.length} different`,
    table.toString(),
    ...[accelerated, emulated].flatMap(({ installMethod, reason }) =>
      reason === undefined ? [] : [`Fell back to ${installMethod}: ${reason}`],
    ),
    ...differences.map(differenceText),
    ...suppressed.map((difference) => `allowed: ${differenceText(difference)}`),
    ...unused.map(({ path, fields }) => `unused suppression: ${path} (${fields.join(", ")})`),
  ].join("\n")
}

function row(name: string, report: InstallMethodReport): string[] {
  const { bytes, compressedBytes } = sizesOf(report)
  const layers = report.layers.map((layer) => `${layer.name} ${megabytes(layer.compressedBytes)}`).join(", ")
  return [name, duration(report.seconds), megabytes(bytes), megabytes(compressedBytes), layers]
}

/** Decimal megabytes, as registries show them. */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
