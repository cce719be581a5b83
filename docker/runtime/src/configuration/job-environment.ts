import type { ImageFacts } from "../image-facts.js"
import { namesOf, variable, VARIABLES } from "./variables.js"

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]

/** What the image sets: whoever gives one of the names something else means that. */
const TOOL_CACHE = "/opt/hostedtoolcache"

/** Hosted runners tell setup actions which distribution they are by this; it is set only where it is so. */
const UBUNTU = /^ubuntu:(\d+)\.\d+$/

/** What stays out of a job's environment. */
export interface Kept {
  /** Names that nothing brings back. */
  readonly hidden: ReadonlySet<string>
  /** Whether the configuration stays out as well. */
  readonly unset: boolean
}

/**
 * What the runner and its jobs get to see: everything but secrets, which no setting brings back, and but the configuration, unless
 * `unset` is false. Programs write proxies in either case, so both are there.
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

/** The runner asks for one name and actions for another: all of them say the same. */
function setToolCache(environment: Record<string, string | undefined>): void {
  const [first = "", ...aliases] = namesOf(variable("RUNNER_TOOL_CACHE"))
  const given = [first, ...aliases].flatMap((name) => environment[name] ?? [])
  const folder = given.find((path) => path !== TOOL_CACHE) ?? given[0]
  if (folder === undefined) return
  for (const name of aliases) if (environment[name] !== undefined) environment[name] = folder
  environment[first] = folder
}
