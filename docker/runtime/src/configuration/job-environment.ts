import type { ImageFacts } from "../image-facts.js"
import { namesOf, variable, VARIABLES } from "./variables.js"

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]

/** The image's default; a different value under any of the names is the user's. */
const TOOL_CACHE = "/opt/hostedtoolcache"

/** Hosted runners tell setup actions which distribution they are by this; it is set only where it is so. */
const UBUNTU = /^ubuntu:(\d+)\.\d+$/

/** What is kept out of a job's environment. */
export interface Kept {
  /** Names that nothing brings back. */
  readonly hidden: ReadonlySet<string>
  /** Whether the configuration stays out as well. */
  readonly unset: boolean
}

/**
 * What the runner and its jobs see: everything except secrets, which no setting brings back, and except the configuration, unless `unset` is
 * false. Programs read proxies in upper or lower case, so both are set.
 *
 * @param given the container's environment
 */
export function jobEnvironment(
  given: Readonly<Record<string, string>>,
  image: ImageFacts,
  { hidden, unset }: Kept,
): Record<string, string> {
  const configuration = new Set(VARIABLES.filter(({ forJobs }) => unset && !forJobs).flatMap(namesOf))
  const environment: Record<string, string | undefined> = Object.fromEntries(
    Object.entries(given).filter(([name]) => !hidden.has(name) && !configuration.has(name)),
  )
  for (const name of PROXIES) {
    const small = name.toLowerCase()
    const value = environment[name] ?? environment[small]
    if (value !== undefined) Object.assign(environment, { [name]: value, [small]: environment[small] ?? value })
  }
  setToolCache(environment)
  const [, release] = UBUNTU.exec(image.base) ?? []
  if (release !== undefined) environment.ImageOS ??= `ubuntu${release}`
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** The runner reads one name and actions read another: all get the same value. */
function setToolCache(environment: Record<string, string | undefined>): void {
  const [first = "", ...aliases] = namesOf(variable("RUNNER_TOOL_CACHE"))
  const given = [first, ...aliases].flatMap((name) => environment[name] ?? [])
  const folder = given.find((path) => path !== TOOL_CACHE) ?? given[0]
  if (folder === undefined) return
  for (const name of aliases) if (environment[name] !== undefined) environment[name] = folder
  environment[first] = folder
}
