import type { VendorAccess } from "../vendor-access.js"
import type { VendorRelease } from "../feeds/feed.js"
import { feedOf } from "../feeds/feeds.js"
import { messageOf } from "./newest.js"
import { TOOL_ENTRIES } from "../tools.js"

/** GitHub's releases of its runner, or why they are unknown. */
export async function runnerReleases(access: VendorAccess): Promise<VendorRelease[] | { unknown: string }> {
  const feed = feedOf(TOOL_ENTRIES.runner, "upstream")
  if (!feed) return { unknown: "the catalog does not say where its vendor publishes releases" }
  try {
    return await feed.releases(access)
  } catch (error) {
    return { unknown: messageOf(error) }
  }
}
