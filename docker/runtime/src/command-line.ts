import { basename } from "node:path"
import { parseArgs, type ParseArgsConfig } from "node:util"
import { closest, distance } from "fastest-levenshtein"
import { RuntimeFailure } from "./failure.js"

/** What the container is to do. */
export type Command =
  | { readonly name: "run"; readonly args: readonly string[]; readonly jitConfiguration?: string }
  | { readonly name: "version" | "doctor"; readonly json: boolean }
  | { readonly name: "help" | "health" }
  | { readonly name: "broker" }

const COMMANDS = ["run", "broker", "doctor", "health", "--help", "--version"]
const ALIASES: Readonly<Record<string, string>> = {
  help: "--help",
  "-h": "--help",
  version: "--version",
  "-V": "--version",
}

type Options = NonNullable<ParseArgsConfig["options"]>

/** The runner's own options that have a meaning here. */
const RUN_OPTIONS: Options = {
  startuptype: { type: "string" },
  once: { type: "boolean" },
  jitconfig: { type: "string" },
}

/**
 * Reads the arguments of `docker run IMAGE …`: a command, or one of the runner's programs, which other images have there.
 *
 * @throws {RuntimeFailure} CONFIGURATION for anything else
 */
export function readCommandLine(all: readonly string[]): Command {
  const [given = "run", ...rest] = all
  if (basename(given) === "Runner.Listener") return readRun(rest[0] === "run" ? rest.slice(1) : rest)
  if (basename(given) === "run.sh") return readRun(rest)
  const name = ALIASES[given] ?? given
  switch (name) {
    case "run":
      return readRun(rest)
    case "--version":
    case "doctor":
      return {
        name: name === "doctor" ? name : "version",
        json: readOptions(rest, { json: { type: "boolean" } }).length > 0,
      }
    case "--help":
    case "health":
    case "broker":
      readOptions(rest, {})
      return { name: name === "--help" ? "help" : name }
    default:
      throw unknown(given.startsWith("-") ? "option" : "command or program", given, COMMANDS)
  }
}

function readRun(all: readonly string[]): Command {
  const given = readOptions(all, RUN_OPTIONS)
  const jitConfiguration = given.findLast(({ name }) => name === "jitconfig")?.value
  const args = given
    .filter(({ name }) => name !== "jitconfig")
    .flatMap(({ name, value }) => [`--${name}`, ...(value === undefined ? [] : [value])])
  return { name: "run", args, ...(jitConfiguration !== undefined && { jitConfiguration }) }
}

/**
 * The options among the arguments, in their order. Node.js's strict mode is off: it would throw its own messages and reject a value
 * that begins with a dash. A value that is missing at the end is empty, and its reader reports that.
 *
 * @throws {RuntimeFailure} CONFIGURATION for everything else
 */
function readOptions(all: readonly string[], options: Options): { name: string; value?: string }[] {
  const { tokens } = parseArgs({ args: [...all], options, strict: false, tokens: true })
  return tokens.map((token) => {
    const type = token.kind === "option" ? options[token.name]?.type : undefined
    if (token.kind === "option" && type === "string") return { name: token.name, value: token.value ?? "" }
    if (token.kind === "option" && type === "boolean" && token.value === undefined) return { name: token.name }
    const given = all[token.index] ?? ""
    throw unknown(
      given.startsWith("-") ? "option" : "argument",
      given,
      Object.keys(options).map((name) => `--${name}`),
    )
  })
}

function unknown(what: string, given: string, known: readonly string[]): RuntimeFailure {
  const [name = ""] = given.split("=")
  const near = known.length === 0 ? undefined : closest(name, known)
  const remedy =
    near !== undefined && distance(name, near) <= Math.max(2, near.length / 3)
      ? `Did you mean ${near}? --help lists all commands and options.`
      : "--help lists all commands and options. Settings are environment variables."
  return new RuntimeFailure("CONFIGURATION", `there is no ${what} ${given}`, remedy)
}
