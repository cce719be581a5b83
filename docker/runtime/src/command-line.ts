import { basename } from "node:path"
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

/** What of the runner's own options means something here. */
const RUN_OPTIONS = ["--startuptype", "--once", "--jitconfig"]

/**
 * Reads the arguments of `docker run IMAGE …`. Besides the commands that is what other images have there: the runner's programs.
 *
 * @throws {RuntimeFailure} CONFIGURATION for what is none of them
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
      refuse(rest, ["--json"])
      return { name: name === "doctor" ? name : "version", json: rest.includes("--json") }
    case "--help":
    case "health":
    case "broker":
      refuse(rest, [])
      return { name: name === "--help" ? "help" : name }
    default:
      throw unknown(given.startsWith("-") ? "option" : "command or program", given, COMMANDS)
  }
}

function readRun(args: readonly string[]): Command {
  const kept: string[] = []
  let jitConfiguration: string | undefined
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ""
    const value = args[index + 1]
    switch (argument) {
      case "--once":
        kept.push(argument)
        break
      case "--startuptype":
        kept.push(argument, value ?? "")
        index++
        break
      case "--jitconfig":
        jitConfiguration = value ?? ""
        index++
        break
      default:
        throw unknown("option", argument, RUN_OPTIONS)
    }
  }
  return { name: "run", args: kept, ...(jitConfiguration !== undefined && { jitConfiguration }) }
}

function refuse(args: readonly string[], known: readonly string[]): void {
  const other = args.find((argument) => !known.includes(argument))
  if (other !== undefined) throw unknown(other.startsWith("-") ? "option" : "argument", other, known)
}

function unknown(what: string, given: string, known: readonly string[]): RuntimeFailure {
  const near = known.length === 0 ? undefined : closest(given, known)
  const remedy =
    near !== undefined && distance(given, near) <= Math.max(2, near.length / 3)
      ? `Did you mean ${near}? --help lists what there is.`
      : "--help lists what there is. Settings are given as environment variables."
  return new RuntimeFailure("CONFIGURATION", `there is no ${what} ${given}`, remedy)
}
