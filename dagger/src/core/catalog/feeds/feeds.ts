import type { ToolEntry } from "../schema.js"
import { chromeFeed } from "./chrome.js"
import { dockerFeed } from "./docker.js"
import type { Feed } from "./feed.js"
import { githubFeed } from "./github.js"
import { goModuleVersions } from "./go-module.js"
import { goToolchainFeed } from "./go-toolchain.js"
import { goFeed } from "./go.js"
import { nodeFeed } from "./node.js"
import { npmFeed } from "./npm.js"

/** The vendor's feed of new versions for a tool's pinned source; undefined for a source that is not pinned. */
export function feedOf(entry: ToolEntry, source: "upstream" | "registry"): Feed | undefined {
  if (source === "upstream") return entry.upstream && upstreamFeed(entry.upstream)
  const { registry } = entry
  if (registry.kind === "npm") return npmFeed(registry.package)
  return registry.kind === "go-toolchain" ? goToolchainFeed(registry) : undefined
}

/** The Go module proxy's versions of what a vendor releases, for when the vendor does not answer. Without files. */
export function proxyFeedOf({ upstream, registry }: ToolEntry): Pick<Feed, "releases"> | undefined {
  if (upstream?.module !== undefined) return goModuleVersions(upstream.module)
  return upstream && registry.kind === "go-toolchain" ? goToolchainFeed(registry) : undefined
}

function upstreamFeed({ url, feed }: NonNullable<ToolEntry["upstream"]>): Feed {
  switch (feed.kind) {
    case "github":
      return githubFeed(feed, url)
    case "node":
      return nodeFeed(url)
    case "go":
      return goFeed(url)
    case "chrome-for-testing":
      return chromeFeed(feed.program, url)
    case "docker":
      return dockerFeed(url)
  }
}
