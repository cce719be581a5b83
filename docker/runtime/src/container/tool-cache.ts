import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Environment } from "../environment.js"
import type { Concern } from "./concern.js"
import { whyNotWritable } from "./writable.js"

/** In the program's folder: links to the image's own tools, as NAME/VERSION/ARCHITECTURE. */
const LINKS = "tool-cache"

/** The runner's name for the folder, and those that actions read. */
const VARIABLE = "RUNNER_TOOL_CACHE"
const ALIASES = ["AGENT_TOOLSDIRECTORY", "RUNNER_TOOLSDIRECTORY"]

/** The image's own, where no variable names one and no work folder is known. */
const IMAGE_CACHE = "/opt/hostedtoolcache"

/** Where setup actions look for tools, and install them. */
export interface ToolCache {
  readonly folder: string
  /** Whether tools can be installed there. */
  readonly usable: boolean
  /** For jobs. */
  readonly variables: Record<string, string>
  /** Why it is not the configured one, or is of no use. */
  readonly concern?: Concern
}

/**
 * The tool cache that jobs get: the configured one, else the folder that the runner itself uses without a setting, in the work folder.
 * Nothing is changed.
 *
 * @param environment what jobs get
 * @param workFolder where jobs work; undefined if there is none
 * @param uid the user that jobs run as
 */
export function chooseToolCache(environment: Environment, workFolder: string | undefined, uid: number): ToolCache {
  const second = workFolder === undefined ? undefined : join(workFolder, "_tool")
  const folder = environment[VARIABLE] ?? environment.AGENT_TOOLSDIRECTORY ?? second ?? IMAGE_CACHE
  const problem = whyNotWritable(folder)
  if (problem === undefined) return { folder, usable: true, variables: {} }
  const remedy = `Mount a folder there that user ${uid} can write to, or set ${VARIABLE} to one`
  if (second === undefined || folder === second || whyNotWritable(second) !== undefined)
    return {
      ...{ folder, usable: false, variables: {} },
      concern: { problem: `setup actions cannot install tools in the tool cache ${folder}: ${problem}`, remedy },
    }
  const set = [VARIABLE, ...ALIASES.filter((name) => environment[name] !== undefined)]
  return {
    ...{ folder: second, usable: true, variables: Object.fromEntries(set.map((name) => [name, second])) },
    concern: {
      problem: `setup actions install tools in ${second}, because the tool cache ${folder} cannot be used: ${problem}`,
      remedy,
    },
  }
}

/**
 * Puts links to the image's own tools into the tool cache, so that setup actions download nothing that is there already: a volume hides
 * those that the image has in that folder.
 *
 * @param library the program's folder
 * @returns why some cannot be linked, or undefined
 */
export function offerTools({ folder, usable }: ToolCache, library: string): string | undefined {
  return usable ? offer(join(library, LINKS), folder) : undefined
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
    : `setup actions download what the image has, because it cannot be linked in ${cache}: ${failures.join(", ")}`
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
