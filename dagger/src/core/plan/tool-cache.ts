import { upstreamVersion } from "../packages/resolved-packages.js"
import { spelling, type PlatformName } from "../platforms.js"
import type { LockedPackage, Tool } from "../report/report.js"
import { TOOL_CACHE } from "../variants/runner-user.js"
import { TOOL_CACHE_LINKS } from "../variants/runtime-files.js"
import { UNKNOWN_VERSION } from "./expected-tools.js"

/** A program of the image, as actions look for it: `$RUNNER_TOOL_CACHE/NAME/VERSION/ARCHITECTURE`. */
export interface CachedTool {
  /** As the action that installs it spells it. */
  name: string
  version: string
  /** What is in its folder: path in it → target. A single link with the empty path is the folder itself. */
  links: Readonly<Record<string, string>>
}

/** Only its own programs: a link to the whole of `/usr/local` would put everything there before what other actions add to PATH. */
const NODE = ["node", "npm", "npx"]

/** The package that has the interpreter itself. */
const PYTHON = /^python(3\.\d+)$/

/**
 * The tools of an image that setup-* actions would otherwise download.
 *
 * @param tools with their versions; one of unknown version cannot be offered
 * @param packages of the distribution, with their versions
 */
export function cachedTools(
  tools: readonly Pick<Tool, "name" | "version">[],
  packages: readonly Pick<LockedPackage, "name" | "version">[],
): CachedTool[] {
  const versions = new Map(tools.map(({ name, version }) => [name, version]))
  const offered = (name: string, links: CachedTool["links"]): CachedTool[] => {
    const version = versions.get(name)
    return version === undefined || version === UNKNOWN_VERSION ? [] : [{ name, version, links }]
  }
  return [
    ...offered("node", inBin(NODE, "/usr/local/bin")),
    ...packages.flatMap(({ name, version }) => {
      const [, line] = PYTHON.exec(name) ?? []
      if (line === undefined) return []
      const programs = ["python", "python3", name, "pip", "pip3"]
      return [{ name: "Python", version: upstreamVersion(version), links: inBin(programs, "/usr/bin") }]
    }),
    ...offered("go", { "": "/usr/local/go" }),
  ]
}

function inBin(programs: readonly string[], folder: string): Record<string, string> {
  return Object.fromEntries(programs.map((name) => [`bin/${name}`, `${folder}/${name}`]))
}

/** The path of a tool's folder, relative to a tool cache: `node/24.21.0/x64`. */
export function cachePath({ name, version }: Pick<CachedTool, "name" | "version">, platform: PlatformName): string {
  return `${name}/${version}/${spelling(platform).vendor}`
}

/** What a tool needs in an image. Paths and targets are absolute. */
export interface ToolCacheEntries {
  /** Symbolic links that belong to root: path → target. */
  links: Record<string, string>
  /** Symbolic links in the tool cache, which belongs to the runner user: path → target. */
  cached: Record<string, string>
  /** Paths of the empty files in it by which a tool counts as complete. */
  complete: string[]
}

/**
 * The links of an image's tools are in a folder of the image, and the tool cache has a link to each of its folders: the program that starts
 * in containers puts these back where a volume covers the tool cache.
 */
export function toolCacheEntries(tools: readonly CachedTool[], platform: PlatformName): ToolCacheEntries {
  const entries: ToolCacheEntries = { links: {}, cached: {}, complete: [] }
  for (const tool of tools) {
    const path = cachePath(tool, platform)
    for (const [inside, target] of Object.entries(tool.links))
      entries.links[`${TOOL_CACHE_LINKS}/${path}${inside === "" ? "" : `/${inside}`}`] = target
    entries.cached[`${TOOL_CACHE}/${path}`] = `${TOOL_CACHE_LINKS}/${path}`
    entries.complete.push(`${TOOL_CACHE}/${path}.complete`)
  }
  return entries
}
