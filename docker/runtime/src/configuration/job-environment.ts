import type { ImageFacts } from "../image-facts.js"
import { secretNames } from "./settings.js"
import { namesOf, VARIABLES } from "./variables.js"

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]

/** Hosted runners tell setup actions which distribution they are by this; it is set only where it is so. */
const UBUNTU = /^ubuntu:(\d+)\.\d+$/

/**
 * What the runner and its jobs get to see: everything but secrets, which no setting brings back, and but the configuration, unless
 * `unset` is false. Programs write proxies in either case, so both are there.
 *
 * @param given the container's environment
 */
export function jobEnvironment(
  given: Readonly<Record<string, string>>,
  image: ImageFacts,
  unset: boolean,
): Record<string, string> {
  const hidden = new Set(
    VARIABLES.flatMap((setting) => {
      if (setting.kind === "secret") return secretNames(setting)
      return unset && !setting.forJobs ? namesOf(setting) : []
    }),
  )
  const environment: Record<string, string | undefined> = Object.fromEntries(
    Object.entries(given).filter(([name]) => !hidden.has(name)),
  )
  for (const name of PROXIES) {
    const small = name.toLowerCase()
    const value = environment[name] ?? environment[small]
    if (value !== undefined) Object.assign(environment, { [name]: value, [small]: environment[small] ?? value })
  }
  const [, release] = UBUNTU.exec(image.base) ?? []
  if (release !== undefined) environment.ImageOS ??= `ubuntu${release}`
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
