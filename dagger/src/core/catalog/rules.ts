import { compareVersions } from "compare-versions"
import { PLATFORMS, spelling } from "../platforms.js"
import { pinnedSources } from "./downloads.js"
import { UNKNOWN, type CatalogTool, type ToolEntry } from "./schema.js"

/** A problem in the catalog: where, as a path of keys, and what, as a sentence that continues it. */
export interface CatalogProblem {
  where: string
  problem: string
}

/** Contradictions between the values of a tool, and between tools. */
export function contradictions(
  tools: Readonly<Record<string, CatalogTool>>,
  entries: Readonly<Record<string, ToolEntry>>,
): CatalogProblem[] {
  const problems = Object.entries(tools).flatMap(([name, tool]) => {
    const entry = entries[name]
    return [
      ...badUrls(name, tool),
      ...badChecksums(name, tool),
      ...(entry ? [...tooOld(name, tool, entry), ...otherVersions(name, tools, entry)] : []),
    ]
  })
  return [...problems, ...sharedUrls(tools)]
}

function badUrls(name: string, { upstream }: CatalogTool): CatalogProblem[] {
  if (!upstream) return []
  const { version, files } = upstream
  return PLATFORMS.flatMap((platform) => {
    const { url } = files[platform]
    const where = `${name}.upstream.url for ${platform}`
    if (!url.startsWith("https://")) return [{ where, problem: `is not an https URL: ${url}` }]
    if (!url.includes(version))
      return [{ where, problem: `does not contain the version ${version}, so the file may change: ${url}` }]
    return []
  })
}

/** One checksum for two files, or two for one, is a mistake in editing. */
function badChecksums(name: string, tool: CatalogTool): CatalogProblem[] {
  return pinnedSources(tool).flatMap(({ source, field, downloads }) => {
    const where = `${name}.${source}.${field}`
    const known = downloads.filter(({ checksum }) => checksum !== UNKNOWN)
    return known.flatMap((download, index) =>
      known.slice(0, index).flatMap((other) => {
        const [one, two] = [other.platform, download.platform]
        if (download.file === other.file && download.checksum !== other.checksum)
          return [{ where, problem: `differs between ${one} and ${two}, which use the same file: ${download.file}` }]
        if (download.file !== other.file && download.checksum === other.checksum)
          return [
            { where, problem: `is the same for ${one} and ${two}, whose files are different: ${download.checksum}` },
          ]
        return []
      }),
    )
  })
}

/** A version from before the vendor supported a platform has no file for it. */
function tooOld(name: string, { title, upstream }: CatalogTool, entry: ToolEntry): CatalogProblem[] {
  if (!upstream) return []
  return PLATFORMS.flatMap((platform) => {
    const since = entry.upstream?.since?.(spelling(platform))
    if (since === undefined || compareVersions(upstream.version, since) >= 0) return []
    const problem = `${upstream.version} is too old for ${platform}: ${title} supports that platform since ${since}`
    return [{ where: `${name}.upstream.version`, problem }]
  })
}

/** Tools that only work together are pinned to the same version. */
function otherVersions(
  name: string,
  tools: Readonly<Record<string, CatalogTool>>,
  { sameVersionAs }: ToolEntry,
): CatalogProblem[] {
  const [tool, other] = [tools[name], sameVersionAs === undefined ? undefined : tools[sameVersionAs]]
  if (!tool || !other) return []
  return pinnedSources(tool).flatMap(({ source, version }) => {
    const wanted = pinnedSources(other).find((candidate) => candidate.source === source)?.version
    if (wanted === undefined || wanted === version) return []
    const problem = `${version} differs from ${String(sameVersionAs)}'s ${wanted}, and they only work together`
    return [{ where: `${name}.${source}.version`, problem }]
  })
}

function sharedUrls(tools: Readonly<Record<string, CatalogTool>>): CatalogProblem[] {
  const owners = new Map<string, string>()
  return Object.entries(tools).flatMap(([name, { upstream }]) =>
    PLATFORMS.flatMap((platform) => {
      const url = upstream?.files[platform].url
      if (url === undefined) return []
      const where = `${name}.upstream.url for ${platform}`
      const owner = owners.get(url)
      owners.set(url, owner ?? where)
      return owner === undefined ? [] : [{ where, problem: `is the same file as ${owner}: ${url}` }]
    }),
  )
}
