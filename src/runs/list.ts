import { readdirSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parseReport } from "../../dagger/src/core/report/report.js"
import { lookup } from "../artifacts/lookup.js"
import { wholeLayout } from "../artifacts/whole-layout.js"
import type { CommandContext } from "../input/context.js"
import { readReport } from "../input/host-files.js"
import { listText, type ListedBuild } from "../output/list.js"
import { summariseVariant } from "../output/summary.js"

export interface ListRun {
  /** As the user gave it. */
  folder: string
  json: boolean
}

/**
 * Prints what was built into a folder, or that there is nothing.
 *
 * @throws RunnerImagesError USAGE when it is not a folder
 */
export async function runList({ terminal, answer }: CommandContext, { folder, json }: ListRun): Promise<void> {
  const path = resolve(folder)
  const found = lookup(path)
  if (found && !found.isDirectory())
    throw new RunnerImagesError("USAGE", `${path} is not a folder.`, "Give the folder that builds were written to.")
  const names = found ? readdirSync(path).sort() : []
  const builds = await Promise.all(
    names.filter((name) => lookup(join(path, name, "report.json"))?.isFile()).map((name) => readBuild(path, name)),
  )
  terminal.close()
  answer(json ? JSON.stringify(builds, null, 2) : listText(builds, path))
}

/** A build that cannot be read is listed with the reason. */
async function readBuild(folder: string, name: string): Promise<ListedBuild> {
  const directory = join(folder, name)
  const file = join(directory, "report.json")
  // Engines write files with one and the same time of modification.
  const written = statSync(file).ctime.toISOString()
  try {
    const report = parseReport(
      readReport(file, "REPORT_INVALID"),
      (why) => new RunnerImagesError("REPORT_INVALID", `its report cannot be read: ${why}`, ""),
    )
    const archive = join(folder, `${name}.oci.tar`)
    const places = { directory, ...(lookup(archive)?.isFile() ? { archive } : {}) }
    const state =
      report.index === undefined ? "no image" : (await wholeLayout(directory, report)) ? "whole" : "incomplete"
    return { name, written, state, ...summariseVariant(report, places) }
  } catch (error) {
    if (!(error instanceof RunnerImagesError)) throw error
    return { name, written, state: "unreadable", directory, reason: error.problem }
  }
}
