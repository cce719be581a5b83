import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import type { Environment } from "../environment.js"

/** In the program's folder: links to the image's own tools, as NAME/VERSION/ARCHITECTURE. */
const LINKS = "tool-cache"

/** The runner's name for the folder, and those that actions read. */
const VARIABLE = "RUNNER_TOOL_CACHE"
const ALIASES = ["AGENT_TOOLSDIRECTORY", "RUNNER_TOOLSDIRECTORY"]

/** Where setup-* actions look for tools, and install them. */
export interface ToolCache {
  /** For jobs. */
  readonly variables: Record<string, string>
  /** Why it is not the configured one, or lacks something. */
  readonly warning?: string | undefined
}

export interface ToolCacheOptions {
  /** What jobs get. */
  readonly environment: Environment
  /** The program's folder. */
  readonly library: string
  /** Where jobs work, writable. */
  readonly workFolder: string
}

/**
 * Puts links to the image's own tools into the tool cache, so that setup-* actions download nothing that is there already: a volume hides
 * those that the image has in that folder. If this user may not write there, jobs get the folder that the runner itself uses without a
 * setting, in the work folder.
 */
export function prepareToolCache({ environment, library, workFolder }: ToolCacheOptions): ToolCache {
  const links = join(library, LINKS)
  const second = join(workFolder, "_tool")
  const wanted = environment[VARIABLE] ?? second
  const problem = whyUnusable(wanted)
  if (problem === undefined) return { variables: {}, warning: offer(links, wanted) }
  if (wanted === second || whyUnusable(second) !== undefined)
    return { variables: {}, warning: `setup-* actions cannot install anything: ${wanted} cannot be used: ${problem}` }
  const missing = offer(links, second)
  const set = [VARIABLE, ...ALIASES.filter((name) => environment[name] !== undefined)]
  return {
    variables: Object.fromEntries(set.map((name) => [name, second])),
    warning: [
      `setup-* actions install into ${second}, because ${wanted} cannot be used: ${problem}. Mount a folder there that user ${String(process.getuid?.() ?? 0)} can write to`,
      ...(missing === undefined ? [] : [missing]),
    ].join("; "),
  }
}

function whyUnusable(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EROFS") return "read-only file system"
    if (code === "EACCES" || code === "EPERM") return "not allowed to write"
    return code ?? String(error)
  }
}

/** @returns what cannot be offered, and why, or undefined */
function offer(links: string, cache: string): string | undefined {
  const failures = tools(links).flatMap((tool) => {
    try {
      link(join(links, tool), join(cache, tool))
      return []
    } catch (error) {
      return [`${tool} (${(error as NodeJS.ErrnoException).code ?? String(error)})`]
    }
  })
  return failures.length === 0
    ? undefined
    : `setup-* actions download what the image has, because it cannot be linked in ${cache}: ${failures.join(", ")}`
}

/** Paths like `node/24.21.0/x64`. An image that was made from this one may have none. */
function tools(links: string): string[] {
  const below = (path: string) => (existsSync(join(links, path)) ? readdirSync(join(links, path)) : [])
  return below("").flatMap((name) =>
    below(name).flatMap((version) => below(join(name, version)).map((arch) => join(name, version, arch))),
  )
}

/** Whatever an action has installed there stays. A volume may have a link of another image, which leads nowhere here. */
function link(target: string, path: string): void {
  if (existsSync(path)) return
  if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path)
  mkdirSync(join(path, ".."), { recursive: true })
  unlessThere(() => symlinkSync(target, path))
  unlessThere(() => writeFileSync(`${path}.complete`, "", { flag: "wx" }))
}

/** Containers that share a volume may start at the same time. */
function unlessThere(make: () => void): void {
  try {
    make()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}
