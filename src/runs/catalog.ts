import { createTwoFilesPatch } from "diff"
import { readFileSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import { audit, UNVERIFIED, type AuditRow } from "../../dagger/src/core/catalog/releases/audit.js"
import { runnerAge, runnerOld } from "../../dagger/src/core/catalog/releases/age.js"
import { problemText, TOOLS, type ToolName } from "../../dagger/src/core/catalog/catalog.js"
import { pinnedSources } from "../../dagger/src/core/catalog/downloads.js"
import { vulnerabilityText } from "../../dagger/src/core/catalog/vulnerabilities.js"
import { compareWithVendor, targetsOf } from "../../dagger/src/core/catalog/releases/newest.js"
import { readCatalog } from "../../dagger/src/core/catalog/pins.js"
import { runnerReleases } from "../../dagger/src/core/catalog/releases/runner-releases.js"
import { TOOL_ENTRIES } from "../../dagger/src/core/catalog/tools.js"
import { updatePins, type Update } from "../../dagger/src/core/catalog/releases/update.js"
import type { PinningAccess, VendorAccess } from "../../dagger/src/core/catalog/vendor-access.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { CommandContext } from "../input/context.js"
import { checkText, outdatedText, updateText, type CatalogCheck } from "../output/catalog.js"
import { DetailedError } from "../output/failure.js"

export interface CatalogRun {
  /** The file with the pins. */
  pins: string
  json: boolean
}

/**
 * Reads the catalog, prints the dependency audit and all errors, then fails if there are any.
 *
 * @param maxAge asks GitHub for newer runners, and fails if one has been out for that many days
 * @throws RunnerImagesError CATALOG_INVALID or RUNNER_OLD
 */
export async function runCatalogCheck(
  context: CommandContext,
  run: CatalogRun,
  access: VendorAccess,
  maxAge?: number,
): Promise<void> {
  const { tools, problems } = readCatalog(readFileSync(run.pins, "utf8"), TOOL_ENTRIES)
  const rows = audit(tools)
  const runner = tools.runner?.upstream
  const age = runner && runnerAge(runner, await newerRunners(access, maxAge), new Date(), maxAge)
  const check: CatalogCheck = {
    problems: problems.map(problemText),
    warnings: [...unknownChecksums(rows), ...vulnerablePins(tools), ...(age?.verdict === "warn" ? [age.text] : [])],
    audit: rows,
  }
  context.terminal.close()
  context.answer(run.json ? JSON.stringify(check, null, 2) : checkText(check))
  if (problems.length > 0)
    throw new DetailedError(
      "CATALOG_INVALID",
      problems.length === 1 ? "The catalog has 1 error." : `The catalog has ${problems.length} errors.`,
      "Correct dagger/src/core/catalog/pins.yaml, or tools.ts beside it.",
      check.problems,
    )
  if (age?.verdict === "old") throw runnerOld(age)
}

/** Asks GitHub only if a maximum age is given. */
function newerRunners(access: VendorAccess, maxAge: number | undefined): ReturnType<typeof runnerReleases> {
  return maxAge === undefined
    ? Promise.resolve({ unknown: "GitHub is asked only with --max-age" })
    : runnerReleases(access)
}

function vulnerablePins(tools: ReturnType<typeof readCatalog>["tools"]): string[] {
  return Object.entries(tools).flatMap(([tool, entry]) =>
    pinnedSources(entry).flatMap(({ source, version }) => {
      const text = vulnerabilityText({ tool, title: entry.title, version })
      return text === undefined ? [] : [`${tool} (${source}): ${text}`]
    }),
  )
}

function unknownChecksums(rows: readonly AuditRow[]): string[] {
  const refused = rows.filter(({ verified }) => verified === UNVERIFIED)
  return refused.map(({ tool, platform, from }) => `${tool} for ${platform} has no known checksum: ${from}`)
}

/** Asks every vendor for its newest release and prints how the pins compare. Vendors that do not answer are listed as such. */
export async function runCatalogOutdated(
  context: CommandContext,
  run: CatalogRun,
  access: VendorAccess,
  names: readonly ToolName[],
): Promise<void> {
  const { tools } = readCatalog(readFileSync(run.pins, "utf8"), TOOL_ENTRIES)
  const targets = targetsOf(chosen(names), tools, TOOL_ENTRIES)
  const compared = await Promise.all(targets.map((target) => compareWithVendor(target, access)))
  context.terminal.close()
  context.answer(run.json ? JSON.stringify(compared, null, 2) : outdatedText(compared))
}

/**
 * Pins tools to their vendors' newest releases, writes the file and prints its diff.
 *
 * @throws RunnerImagesError UPSTREAM_UNREACHABLE after everything else was done, if a vendor did not answer; what
 *   {@link updatePins} throws, and OUTPUT_UNWRITABLE, before anything is written
 */
export async function runCatalogUpdate(
  context: CommandContext,
  run: CatalogRun,
  access: PinningAccess,
  names: readonly ToolName[],
): Promise<void> {
  const before = readFileSync(run.pins, "utf8")
  const { text, updates } = await updatePins(before, chosen(names), TOOL_ENTRIES, access)
  const name = basename(run.pins)
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, text)
  const diff = text === before ? "" : patch.slice(patch.indexOf("---"))
  if (diff !== "") writePins(run.pins, text)
  context.terminal.close()
  context.answer(run.json ? JSON.stringify({ updates, diff }, null, 2) : updateText(updates, diff))
  const silent = updates.filter(({ state }) => state === "unreachable")
  if (silent.length > 0)
    throw new DetailedError(
      "UPSTREAM_UNREACHABLE",
      `${silent.length} of ${updates.length} sources could not be reached; everything else was done.`,
      "Check the network, or give --mirror URL.",
      silent.map(reasonText),
    )
}

function reasonText({ tool, source, reason }: Update): string {
  return `${tool} (${source}): ${reason ?? ""}`
}

function writePins(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new RunnerImagesError(
      "OUTPUT_UNWRITABLE",
      `${path} cannot be written by this user.`,
      "Change its permissions.",
      { cause: error },
    )
  }
}

/** No name means every tool. */
function chosen(names: readonly ToolName[]): readonly ToolName[] {
  return names.length === 0 ? TOOLS : names
}
