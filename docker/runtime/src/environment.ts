import { closeSync, readFileSync } from "node:fs"

export type Environment = Readonly<Record<string, string>>

/** Names of the file descriptors through which entrypoint.sh passes its data. */
export const ENVIRONMENT_FD = "RUNNER_IMAGES_ENVIRONMENT_FD"
const ARGUMENTS = "RUNNER_IMAGES_ARGUMENTS_FD"

/**
 * The container's environment. entrypoint.sh starts this program with almost none, since a process's initial environment stays readable
 * in /proc; the container's arrives through a pipe, as `env -0` writes it.
 */
export function readEnvironment(own: NodeJS.ProcessEnv): Record<string, string> {
  const text = handedOver(own[ENVIRONMENT_FD])
  if (text === undefined) {
    return Object.fromEntries(
      Object.entries(own).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    )
  }
  return parseEnvironment(text)
}

/**
 * The arguments of `docker run IMAGE …`, from entrypoint.sh as each with a NUL after it.
 *
 * @param own this program's environment
 * @param given this program's arguments, used if something else started it
 */
export function readArguments(own: NodeJS.ProcessEnv, given: readonly string[]): readonly string[] {
  return handedOver(own[ARGUMENTS])?.split("\0").slice(0, -1) ?? given
}

function handedOver(descriptor: string | undefined): string | undefined {
  if (descriptor === undefined) return undefined
  const text = readFileSync(Number(descriptor), "utf8")
  closeSync(Number(descriptor))
  return text
}

/** Set by the shell for itself. */
const SHELL = new Set(["_", "SHLVL", "OLDPWD", "PWD"])

/** `A=1\0B=2\0` ⇒ `{ A: "1", B: "2" }` */
export function parseEnvironment(text: string): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const entry of text.split("\0")) {
    const end = entry.indexOf("=")
    const name = entry.slice(0, Math.max(0, end))
    if (name !== "" && !SHELL.has(name)) environment[name] = entry.slice(end + 1)
  }
  return environment
}
