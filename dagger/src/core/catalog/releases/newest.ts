import { compareVersions } from "compare-versions"
import { PLATFORMS } from "../../platforms.js"
import type { VendorAccess } from "../vendor-access.js"
import { pinnedSources, type PinnedSource } from "../downloads.js"
import type { Feed, VendorRelease } from "../feeds/feed.js"
import { feedOf } from "../feeds/feeds.js"
import type { CatalogTool, ToolEntry } from "../schema.js"

/** A tool's pinned source, and its vendor's feed of new versions. */
export interface Target {
  tool: string
  entry: ToolEntry
  pinned: PinnedSource
  feed: Feed
}

/** The pinned sources of some tools. */
export function targetsOf(
  names: readonly string[],
  tools: Readonly<Record<string, CatalogTool>>,
  entries: Readonly<Record<string, ToolEntry>>,
): Target[] {
  return names.flatMap((tool) => {
    const [known, entry] = [tools[tool], entries[tool]]
    if (!known || !entry) return []
    return pinnedSources(known).flatMap((pinned): Target[] => {
      const feed = feedOf(entry, pinned.source)
      return feed ? [{ tool, entry, pinned, feed }] : []
    })
  })
}

/** How a vendor's newest release compares with the pinned one. */
export type Comparison = Pick<PinnedSource, "source"> & {
  tool: string
  pinned: string
} & (
    | { state: "current" | "outdated" | "ahead" | "incomplete"; newest: VendorRelease; reason?: string }
    | { state: "unreachable"; reason: string }
  )

/** Asks a vendor. A vendor that does not answer is a result too, not an error. */
export async function compareWithVendor(
  { tool, entry, pinned, feed }: Target,
  access: VendorAccess,
): Promise<Comparison> {
  const { source, version } = pinned
  const compared = { tool, source, pinned: version }
  let releases: VendorRelease[]
  try {
    releases = await feed.releases(access)
  } catch (error) {
    return { ...compared, state: "unreachable", reason: messageOf(error) }
  }
  const line = entry.keepsMajor ? `${String(version.split(".")[0])}.` : ""
  const ofLine = releases.filter((release) => release.version.startsWith(line))
  const [newest] = newestFirst(ofLine)
  if (!newest)
    return {
      ...compared,
      state: "unreachable",
      reason: `its vendor lists no final release${line === "" ? "" : ` of ${line}`}`,
    }
  if (compareVersions(newest.version, version) < 0)
    return {
      ...compared,
      state: "ahead",
      newest,
      reason: `its vendor's newest is ${newest.version}, but pins never go back`,
    }
  if (newest.version === version) return { ...compared, state: "current", newest }
  const reason = missingText(newest)
  if (reason === undefined) return { ...compared, state: "outdated", newest }
  // An older release than the newest may be complete.
  const whole = newestFirst(ofLine).find((release) => missingText(release) === undefined)
  return whole && compareVersions(whole.version, version) > 0
    ? { ...compared, state: "outdated", newest: whole, reason }
    : { ...compared, state: "incomplete", newest, reason }
}

/** The platforms for which a release has no file; undefined when it has all. */
function missingText({ version, files }: VendorRelease): string | undefined {
  const missing = PLATFORMS.filter((platform) => files[platform] === undefined)
  return missing.length === 0 ? undefined : `${version} has no file for ${missing.join(", ")}`
}

function newestFirst(releases: readonly VendorRelease[]): VendorRelease[] {
  return releases.toSorted((a, b) => compareVersions(b.version, a.version))
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
