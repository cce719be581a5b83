import type { Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { readable, textOf } from "./host-files.js"

/** Bytes; the longest cloud tokens have a few thousand. */
const LONGEST_PASSWORD = 64e3

/** There is no option for the password itself: command lines end up in process lists, shell histories and CI logs. */
export const credentialOptions = {
  username: {
    type: "string",
    requiresArg: true,
    describe: "User name for the registry",
    group: "Credentials:",
  },
  "password-env": {
    type: "string",
    requiresArg: true,
    describe: "Environment variable that holds the password or token",
    group: "Credentials:",
  },
  "password-file": {
    type: "string",
    requiresArg: true,
    describe: "File that holds the password or token",
    group: "Credentials:",
  },
} as const satisfies Record<string, Options>

/** For every command that names a registry. Never a default: without TLS, nothing protects what is sent. */
export const plainHttpOption = {
  "plain-http": {
    type: "boolean",
    default: false,
    describe:
      "Use a registry that has no TLS and is not on this machine: whoever is on the way can read the password and change images",
    group: "Credentials:",
  },
} as const satisfies Record<string, Options>

export interface Credentials {
  username: string
  /** Where the password is, for the engine to read it itself: no query has it. */
  password: PasswordPlace
}

/** A variable of this process, or a file by its absolute path. */
export type PasswordPlace = { variable: string } | { file: string }

/** Undefined when none are given. Throws USAGE when they are incomplete or cannot be read. */
export function readCredentials(given: {
  username?: string | undefined
  passwordEnv?: string | undefined
  passwordFile?: string | undefined
}): Credentials | undefined {
  const { username, passwordEnv, passwordFile } = given
  if (username === undefined && passwordEnv === undefined && passwordFile === undefined) return undefined
  if (passwordEnv !== undefined && passwordFile !== undefined)
    throw usage("--password-env and --password-file are both given.", "Give only one of them.")
  if (username === undefined || username === "")
    throw usage("A password is given without --username.", "Add --username.")
  if (passwordEnv === undefined && passwordFile === undefined)
    throw usage("--username is given without a password.", "Add --password-env NAME or --password-file FILE.")
  return { username, password: passwordEnv === undefined ? inFile(passwordFile ?? "") : inEnvironment(passwordEnv) }
}

function inEnvironment(variable: string): PasswordPlace {
  if ((process.env[variable] ?? "") === "")
    throw usage(`--password-env: the environment variable ${variable} is not set or is empty.`, `Set ${variable}.`)
  return { variable }
}

function inFile(given: string): PasswordPlace {
  const file = readable(given, "file", "USAGE", "--password-file")
  const password = textOf(file, LONGEST_PASSWORD, "USAGE", "--password-file").replace(/\r?\n$/, "")
  if (password === "") throw usage(`--password-file: ${file} is empty.`, "Write the password or token into it.")
  return { file }
}

function usage(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("USAGE", problem, remedy)
}
