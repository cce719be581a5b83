import { lstatSync, mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { RuntimeFailure } from "../failure.js"
import { readUntrustedSync, replaceFileSync, UntrustedFileError } from "../files/untrusted-file.js"

/**
 * What a configured runner consists of, as the runner names it. With `.runner` there, config.sh refuses to configure. A server may have
 * moved a runner, which leaves a second set beside the first.
 */
const SECRET = [".credentials", ".credentials_migrated", ".credentials_rsaparams"] as const
const PUBLIC = [".runner", ".runner_migrated"] as const

/** The files of a configuration. `.runner` last: with it a runner counts as configured. */
export const CONFIGURATION_FILES = [...SECRET, ".runner_migrated", ".runner"] as const

/** Bytes that one of them has at most; the largest, a key, has two thousand. */
const CONFIGURATION_LIMIT = 64 * 1024

/** Whether a name is one of a configuration's files. */
export function isConfigurationFile(name: string): boolean {
  return (CONFIGURATION_FILES as readonly string[]).includes(name)
}

/** Whether the runner in this folder is configured. */
export function isConfigured(folder: string): boolean {
  return PUBLIC.some((name) => isThere(join(folder, name)))
}

/**
 * Removes a configuration that a killed runner left, whatever a job has done to it.
 *
 * @returns the names of files that were there
 */
export function removeConfiguration(folder: string): string[] {
  const found = CONFIGURATION_FILES.filter((name) => isThere(join(folder, name)))
  for (const name of found.reverse()) rmSync(join(folder, name), { recursive: true, force: true })
  return found
}

/** A link counts even if it leads nowhere: writing to it would create its target. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/**
 * Copies a configuration to where it outlives the container, or back from there.
 *
 * @returns whether there was one
 * @throws {RuntimeFailure} CONFIGURATION when one of its files is not as the runner creates it, and nothing is changed then, or when this user
 * may not read or write there
 */
export function copyConfiguration(from: string, to: string): boolean {
  try {
    return copyFiles(from, to)
  } catch (error) {
    const { code, path = from } = error as NodeJS.ErrnoException
    if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") throw error
    throw new RuntimeFailure(
      "CONFIGURATION",
      `the configuration cannot be kept: user ${String(process.getuid?.() ?? 0)} cannot access ${path} (${code})`,
      "Make that user the owner of the folder in CONFIGURED_ACTIONS_RUNNER_FILES_DIR and of its files.",
      { cause: error },
    )
  }
}

function copyFiles(from: string, to: string): boolean {
  if (!isConfigured(from)) return false
  const contents = CONFIGURATION_FILES.flatMap((name) => {
    const path = join(from, name)
    return isThere(path) ? [{ name, content: read(path, from) }] : []
  })
  mkdirSync(to, { recursive: true })
  removeConfiguration(to)
  for (const { name, content } of contents)
    replaceFileSync(join(to, name), content, (SECRET as readonly string[]).includes(name) ? 0o600 : 0o644)
  return true
}

function read(path: string, folder: string): string {
  try {
    return readUntrustedSync(path, { bytes: CONFIGURATION_LIMIT })
  } catch (error) {
    if (!(error instanceof UntrustedFileError)) throw error
    throw new RuntimeFailure(
      "CONFIGURATION",
      `the kept configuration cannot be used: ${error.message}`,
      `Empty ${folder}; the runner is then registered again.`,
    )
  }
}
