import { readFileSync } from "node:fs"
import { RunnerImagesError } from "../errors.js"
import type { PlatformName } from "../platforms.js"
import { closest } from "../suggest.js"
import { readCatalog } from "./pins.js"
import type { CatalogProblem } from "./rules.js"
import type { CatalogTool } from "./schema.js"
import { TOOL_ENTRIES, TOOLS, type ToolName } from "./tools.js"

/**
 * The catalog: every tool that does not simply come with the distribution, with its version, the location of each platform's
 * file, and the checksum that the file must have. No other place in the project names a version of these tools.
 */

export { TOOLS, type ToolName } from "./tools.js"
export { LICENSES, UNKNOWN, type CatalogTool, type NpmPackage, type NpmSource, type Unpack } from "./schema.js"

/** Both entry points find it next to this file. */
export const PINS = new URL("./pins.yaml", import.meta.url)

let read: Record<string, CatalogTool> | undefined

/**
 * One tool's entry, validated together with all others.
 *
 * @throws RunnerImagesError CATALOG_INVALID naming the first wrong value
 */
export function catalogTool(name: ToolName): CatalogTool {
  read ??= validCatalog()
  const tool = read[name]
  if (!tool) throw new Error(`${name} is not in the catalog that was read`)
  return tool
}

function validCatalog(): Record<string, CatalogTool> {
  const { tools, problems } = readCatalog(readFileSync(PINS, "utf8"), TOOL_ENTRIES)
  if (problems.length > 0) throw catalogError(problems)
  return tools
}

/** `node.upstream.version is missing` */
export function problemText({ where, problem }: CatalogProblem): string {
  return `${where} ${problem}`
}

export function catalogError(problems: readonly CatalogProblem[]): RunnerImagesError {
  const [first, ...others] = problems.map(problemText)
  const more = others.length === 0 ? "" : ` (and ${String(others.length)} more, see runner-images catalog check)`
  return new RunnerImagesError(
    "CATALOG_INVALID",
    `The catalog has an error: ${first ?? ""}${more}.`,
    "Correct dagger/src/core/catalog/pins.yaml, or tools.ts beside it.",
  )
}

/**
 * The tool that a user names.
 *
 * @throws RunnerImagesError TOOL_UNKNOWN with the tool that was probably meant
 */
export function findTool(given: string): ToolName {
  const wanted = given.trim().toLowerCase()
  const found = TOOLS.find((name) => name === wanted)
  if (found) return found
  const meant = closest(wanted, TOOLS)
  throw new RunnerImagesError(
    "TOOL_UNKNOWN",
    `There is no tool "${given}" in the catalog.`,
    meant ? `Did you mean ${meant}?` : `Choose from ${TOOLS.join(", ")}.`,
  )
}

/** An upstream file of a tool. */
export interface ToolFile {
  tool: ToolName
  url: string
  /** As pinned: it may be {@link UNKNOWN}. */
  sha256: string
}

/** The upstream files of some tools on some platforms. */
export function upstreamFiles(tools: readonly ToolName[], platforms: readonly PlatformName[]): ToolFile[] {
  return tools.flatMap((tool) => {
    const files = catalogTool(tool).upstream?.files
    return files ? platforms.map((platform) => ({ tool, ...files[platform] })) : []
  })
}

/**
 * Tools that must come from the same kind of source, because they need the same version or one is part of the other's archive.
 *
 * @example decidedTogether(["node", "npm", "gh"]) ⇒ [["node", "npm"], ["gh"]]
 */
export function decidedTogether(tools: readonly ToolName[]): ToolName[][] {
  const groups = new Map<string, ToolName[]>()
  for (const name of tools) {
    const { sameVersionAs, upstreamIn } = catalogTool(name)
    const leader = sameVersionAs ?? upstreamIn ?? name
    groups.set(leader, [...(groups.get(leader) ?? []), name])
  }
  return [...groups.values()]
}
