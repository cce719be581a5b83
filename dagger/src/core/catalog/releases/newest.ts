import { compareVersions } from "compare-versions"
import { PLATFORMS } from "../../platforms.js"
import type { VendorAccess } from "../vendor-access.js"
import { pinnedSources, type PinnedSource } from "../downloads.js"
import type { Feed, VendorRelease } from "../feeds/feed.js"
import { feedOf, proxyFeedOf } from "../feeds/feeds.js"
import type { CatalogTool, ToolEntry } from "../schema.js"
import { vulnerabilityText } from "../vulnerabilities.js"

/** A tool's pinned source, and its vendor's feed of new versions. */
export interface Target {
  tool: string
  entry: ToolEntry
  pinned: PinnedSource
  feed: Feed
  /** Versions without files, for when {@link feed} does not answer. */
  proxyFeed?: Pick<Feed, "releases">
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
      const proxyFeed = pinned.source === "upstream" ? proxyFeedOf(entry) : undefined
      return feed ? [{ tool, entry, pinned, feed, ...(proxyFeed ? { proxyFeed } : {}) }] : []
    })
  })
}

/** How a vendor's newest release compares with the pinned one. */
export type Comparison = Pick<PinnedSource, "source"> & {
  tool: string
  pinned: string
  /** Known vulnerabilities of the pinned version, and of the newest. */
  warnings?: string[]
} & (
    | {
        state: "current" | "outdated" | "ahead" | "incomplete"
        newest: VendorRelease
        reason?: string
        /** The vendor did not answer: its version is the Go module proxy's, and its files are unknown. */
        filesUnknown?: true
      }
    | { state: "unreachable"; reason: string }
  )

/** Asks a vendor. A vendor that does not answer is a result too, not an error. */
export async function compareWithVendor(target: Target, access: VendorAccess): Promise<Comparison> {
  const compared = await compare(target, access)
  const { tool, entry, pinned } = target
  const versions = new Set([pinned.version, ...(compared.state === "unreachable" ? [] : [compared.newest.version])])
  const warnings = [...versions].flatMap((version) => vulnerabilityText({ tool, title: entry.title, version }) ?? [])
  return warnings.length === 0 ? compared : { ...compared, warnings }
}

async function compare({ tool, entry, pinned, feed, proxyFeed }: Target, access: VendorAccess): Promise<Comparison> {
  const { source, version } = pinned
  const compared = { tool, source, pinned: version }
  const major = `${String(version.split(".")[0])}.`
  const ofLine = (releases: readonly VendorRelease[]) =>
    newestFirst(entry.keepsMajor ? releases.filter((release) => release.version.startsWith(major)) : releases)
  let releases: VendorRelease[]
  try {
    releases = ofLine(await feed.releases(access))
  } catch (error) {
    const silent = messageOf(error)
    if (!proxyFeed) return { ...compared, state: "unreachable", reason: silent }
    try {
      const [newest] = ofLine(await proxyFeed.releases(access))
      if (!newest) return { ...compared, state: "unreachable", reason: silent }
      const order = compareVersions(newest.version, version)
      const state = order > 0 ? "outdated" : order < 0 ? "ahead" : "current"
      const reason = `${silent}; the Go module proxy lists ${newest.version}, but not the vendor's files`
      return { ...compared, state, newest, reason, filesUnknown: true }
    } catch (second) {
      return { ...compared, state: "unreachable", reason: `${silent}; ${messageOf(second)}` }
    }
  }
  const [newest] = releases
  if (!newest)
    return {
      ...compared,
      state: "unreachable",
      reason: `its vendor lists no final release${entry.keepsMajor ? ` of ${major}` : ""}`,
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
  const whole = releases.find((release) => missingText(release) === undefined)
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
