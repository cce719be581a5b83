import { knownChecksum, UNKNOWN, unverifiableFiles, upstreamUrls, type ToolName } from "../catalog/catalog.js"
import { RunnerImagesError } from "../errors.js"
import { mirrored, type Mirror } from "../text/mirror.js"
import type { DecidedSources } from "./plan.js"
import type { PlatformName } from "../platforms.js"
import type { SourcesMode } from "../request/request.js"

/** Tells whether a URL is reachable. */
export type Probe = (url: string) => Promise<boolean>

/** The name of an upstream file in an assets folder. */
export function assetName(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1)
}

/**
 * Decides once per build where all tools come from: all or nothing, so that an image never mixes the two.
 *
 * @param assets names of the files that were fetched beforehand; their URLs are not probed
 * @param mirror where they are looked for instead of at their vendors
 * @throws RunnerImagesError in upstream mode: UPSTREAM_UNREACHABLE when a URL cannot be reached, CHECKSUM_UNKNOWN when a file
 *   could not be verified
 */
export async function decideSources(
  mode: SourcesMode,
  tools: readonly ToolName[],
  platforms: readonly PlatformName[],
  assets: readonly string[],
  mirror: Mirror | undefined,
  probe: Probe,
): Promise<DecidedSources> {
  if (mode === "registry") return { mode, reason: "requested with --sources registry" }
  const [unverifiable, ...others] = unverifiableFiles(tools, platforms)
  if (unverifiable) {
    if (mode === "upstream") knownChecksum(unverifiable.tool, unverifiable.url, UNKNOWN)
    const files = [unverifiable, ...others].map(({ url }) => url).join(", ")
    return { mode: "registry", reason: `warning: the catalog has no checksum for ${files}` }
  }
  const urls = upstreamUrls(tools, platforms)
    .filter((url) => !assets.includes(assetName(url)))
    .map((url) => mirrored(url, mirror))
  const answers = await Promise.all(urls.map(probe))
  const silent = urls.filter((_, index) => !answers[index])
  if (silent.length === 0) {
    const reason = mode === "upstream" ? "requested with --sources upstream" : "every pinned upstream URL is reachable"
    return { mode: "upstream", reason }
  }
  if (mode === "upstream")
    throw new RunnerImagesError(
      "UPSTREAM_UNREACHABLE",
      `${String(silent.length)} of ${String(urls.length)} upstream URLs cannot be reached: ${silent.join(", ")}.`,
      "Check the network, give the files with --assets DIR, name a server that has them with --mirror URL, or use --sources registry.",
    )
  const answered = urls.length - silent.length
  const reason =
    answered === 0
      ? "no pinned upstream URL is reachable"
      : `warning: only ${String(answered)} of ${String(urls.length)} pinned upstream URLs are reachable; not reachable: ${silent.join(", ")}`
  return { mode: "registry", reason }
}
