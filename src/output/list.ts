import Table from "cli-table3"
import { countsText } from "../../dagger/src/core/render/check-counts.js"
import { runnerText } from "../../dagger/src/core/report/runner-text.js"
import { printable } from "../../dagger/src/core/text/printable.js"
import { shortDigest, size, type VariantSummary } from "./summary.js"

/**
 * A build in a folder. `whole`: the layout is as it was written; `incomplete`: something of it is missing or different; `no image`: checks
 * failed, and there are reports alone; `unreadable`: its report is none, or another version's.
 */
export type ListedBuild = {
  /** Of its folder. */
  name: string
  /** When its report was written, ISO 8601. */
  written: string
} & (
  | ({ state: "whole" | "incomplete" | "no image" } & VariantSummary)
  | { state: "unreadable"; directory: string; reason: string }
)

/** For people: a line for each platform, then what is peculiar to a build. */
export function listText(builds: readonly ListedBuild[], folder: string): string {
  if (builds.length === 0) return `Nothing was built into ${folder}.`
  const table = new Table({
    head: ["folder", "built", "platform", "digest", "size", "checks", "runner"],
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "left", "left", "left", "right", "left", "left"],
  })
  const notes: string[] = []
  for (const build of builds) {
    const built = `${build.written.slice(0, 16).replace("T", " ")} UTC`
    if (build.state === "unreadable") {
      table.push([printable(build.name), built, "", "", "", "", ""])
      notes.push(`${build.name}: ${build.reason}`)
      continue
    }
    for (const { platform, digest, compressedBytes, checks } of build.platforms)
      table.push([
        printable(build.name),
        built,
        platform,
        digest === undefined ? "none" : shortDigest(digest),
        compressedBytes === undefined ? "" : size(compressedBytes),
        countsText(checks),
        runnerText(build.runner),
      ])
    if (build.state === "incomplete") notes.push(`${build.name}: the image is not as the build wrote it`)
    if (build.state === "no image") notes.push(`${build.name}: checks failed, so there is no image`)
    if (build.index !== undefined) notes.push(`${build.name}: ${build.index}`)
    if (build.archive !== undefined) notes.push(`${build.name}: archive ${build.archive}`)
  }
  return [table.toString(), ...notes.map(printable)].join("\n")
}
