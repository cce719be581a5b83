import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"

/**
 * What a configured runner consists of, as the runner names it. With `.runner` there, config.sh refuses to configure. A server may have
 * moved a runner, which leaves a second set beside the first.
 */
const SECRET = [".credentials", ".credentials_migrated", ".credentials_rsaparams"] as const
const PUBLIC = [".runner", ".runner_migrated"] as const

/** The files of a configuration. `.runner` last: with it a runner counts as configured. */
export const CONFIGURATION_FILES = [...SECRET, ".runner_migrated", ".runner"] as const

/** Whether a name is one of a configuration's files. */
export function isConfigurationFile(name: string): boolean {
  return (CONFIGURATION_FILES as readonly string[]).includes(name)
}

/** Whether the runner in this folder is configured. */
export function isConfigured(folder: string): boolean {
  return PUBLIC.some((name) => existsSync(join(folder, name)))
}

/**
 * Takes a configuration away that a runner left when it was killed.
 *
 * @returns the names of files that were there
 */
export function removeConfiguration(folder: string): string[] {
  const found = CONFIGURATION_FILES.filter((name) => existsSync(join(folder, name)))
  for (const name of found.reverse()) rmSync(join(folder, name), { force: true })
  return found
}

/**
 * Copies a configuration to where it outlives the container, or back from there.
 *
 * @returns whether there was one
 */
export function copyConfiguration(from: string, to: string): boolean {
  if (!isConfigured(from)) return false
  mkdirSync(to, { recursive: true })
  removeConfiguration(to)
  for (const name of CONFIGURATION_FILES) {
    if (!existsSync(join(from, name))) continue
    copyFileSync(join(from, name), join(to, name))
    chmodSync(join(to, name), (SECRET as readonly string[]).includes(name) ? 0o600 : 0o644)
  }
  return true
}
