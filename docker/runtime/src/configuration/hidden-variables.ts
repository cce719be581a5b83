import { misspelt } from "./hints.js"
import { secretNames, type Settings } from "./settings.js"
import { namesOf, VARIABLES } from "./variables.js"

/**
 * The variables that no job may see: secrets by their names, those that look like a secret's misspelt name, and all others that contain a secret. Warns
 * about names that nothing reads, and about variables that jobs may miss.
 *
 * @param secrets texts that must appear nowhere
 */
export function hiddenVariables(settings: Settings, secrets: readonly string[]): Set<string> {
  const hidden = new Set(VARIABLES.filter(({ kind }) => kind === "secret").flatMap(secretNames))
  for (const { name, meant } of misspelt(settings.all)) {
    settings.warn(`${name} is unknown and has no effect; did you mean ${meant}?`)
    if (hidden.has(meant)) hidden.add(name)
  }
  const known = new Set(VARIABLES.filter(({ forJobs }) => forJobs !== true).flatMap(namesOf))
  for (const [name, value] of Object.entries(settings.all)) {
    if (hidden.has(name) || !secrets.some((secret) => value.includes(secret))) continue
    if (!known.has(name)) settings.warn(`${name} contains a secret of the container and is hidden from jobs`)
    hidden.add(name)
  }
  return hidden
}
