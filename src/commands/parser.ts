import yargs, { type Argv, type CommandModule } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { closest } from "../../dagger/src/core/suggest.js"
import { PROJECT_VERSION } from "../../dagger/src/core/version.js"
import { benchCommand } from "./bench.js"
import { buildCommand } from "./build.js"
import { catalogCommand } from "./catalog.js"
import type { CommandContext } from "../input/context.js"
import { credentialOptions } from "../input/credentials.js"
import {
  answerOptions,
  benchOptions,
  catalogOptions,
  engineOptions,
  layerOptions,
  parityOptions,
  requestOptions,
} from "../input/options.js"
import { parityCommand } from "./parity.js"
import { planCommand } from "./plan.js"
import { publishCommand } from "./publish.js"
import { testCommand } from "./test.js"

/** Its commands are loaded when they are asked for: they bring half of the program with them. */
const engineCommand: CommandModule = {
  command: "engine",
  describe: "Manage the bare engine: a Dagger engine without Docker, on Debian and Ubuntu",
  builder: async (yargs: Argv) => (await import("./engine.js")).default(yargs),
  handler: () => undefined,
}

/** For suggestions: every command and what it has below it. */
const COMMANDS = new Map<string, readonly string[]>([
  ["build", []],
  ["publish", []],
  ["test", []],
  ["plan", []],
  ["parity", []],
  ["bench", []],
  ["catalog", ["check", "outdated", "update"]],
  ["engine", ["up", "down", "status", "logs", "prune"]],
])
/** Wide enough for every option's own line, narrow enough for a log. */
const HELP_COLUMNS = 110

/** The command line. `parseAsync()` runs the command; what the user got wrong is thrown as RunnerImagesError USAGE. */
export function parser(argv: readonly string[], context: CommandContext): Argv {
  return (
    yargs([...argv])
      .scriptName("runner-images")
      // Messages are matched below, and answers are the same everywhere.
      .locale("en")
      .detectLocale(false)
      .usage("GitHub Actions runner images for several platforms, from one pipeline\n\nUsage: $0 COMMAND [OPTIONS]")
      .parserConfiguration({
        // `--platforms a b` would swallow what follows, the image reference of `test` included.
        "greedy-arrays": false,
        // `--no-bare-engine` is an option by itself, and no other one can be negated.
        "boolean-negation": false,
        "dot-notation": false,
        "parse-numbers": false,
        "parse-positional-numbers": false,
      })
      .command(buildCommand(context))
      .command(publishCommand(context))
      .command(testCommand(context))
      .command(planCommand(context))
      .command(parityCommand(context))
      .command(benchCommand(context))
      .command(catalogCommand(context))
      .command(engineCommand)
      .example("$0 build", "Build both platforms of the standard image into dist/")
      .example("$0 COMMAND --help", "Options and examples of a command")
      .epilogue(
        "Exit codes: 0 done · 1 build failed · 2 wrong usage · 3 checks failed · 4 authentication · 5 network or registry · 130 interrupted",
      )
      .version(PROJECT_VERSION)
      .help()
      .wrap(process.stdout.isTTY ? Math.min(HELP_COLUMNS, process.stdout.columns) : HELP_COLUMNS)
      .strict()
      .check(givenOnce)
      .exitProcess(false)
      .fail((message: string | null, error: Error | undefined) => {
        if (error && error.name !== "YError") throw error
        throw usageError(message ?? error?.message ?? "The command line could not be understood", argv)
      })
  )
}

/** yargs makes a list of an option that is repeated, also where one value is meant. */
function givenOnce(argv: Record<string, unknown>): boolean {
  const lists = ["_", "platforms", "variants", "packages", "rows", "tags", "tools"]
  const twice = Object.entries(argv).find(([name, value]) => Array.isArray(value) && !lists.includes(name))
  if (twice) throw new RunnerImagesError("USAGE", `--${kebab(twice[0])} is given more than once.`, "Give it once.")
  return true
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Says in our words what yargs found, and what was probably meant. */
function usageError(message: string, argv: readonly string[]): RunnerImagesError {
  const valueless = /^Not enough arguments following: (.*)$/.exec(message)?.[1]
  if (valueless !== undefined)
    return new RunnerImagesError("USAGE", `--${kebab(valueless)} has no value.`, "Give one after it.")
  const [, kind, names = ""] = /^Unknown (command|argument)s?: (.*)$/s.exec(message) ?? []
  const unknown = names.split(", ").filter((name) => name !== "")
  const [first] = unknown
  if (kind === undefined || first === undefined)
    return new RunnerImagesError("USAGE", `${message.trim().replace(/\.?$/, "")}.`, "Run runner-images --help.")
  if (first === "password")
    return new RunnerImagesError(
      "USAGE",
      "There is no --password: command lines end up in process lists, shell histories and logs.",
      "Use --password-env NAME or --password-file FILE.",
    )
  // yargs names unknown words and unknown options alike; only the options were written with dashes.
  const isOption = argv.some((word) => word.startsWith("-") && word.replace(/^--?/, "").split("=")[0] === first)
  const command = [...COMMANDS.keys()].find((name) => argv.includes(name))
  const subcommands = (command === undefined ? undefined : COMMANDS.get(command)) ?? []
  if (!isOption && command !== undefined && subcommands.length === 0)
    return new RunnerImagesError(
      "USAGE",
      `${command} does not take "${first}".`,
      `Run runner-images ${command} --help to see what it takes.`,
    )
  const known = command === undefined ? [...COMMANDS.keys()] : subcommands
  const meant = closest(first, isOption ? OPTIONS : known)
  const words = command === undefined ? first : `${command} ${first}`
  return new RunnerImagesError(
    "USAGE",
    isOption ? `There is no option "--${first}" here.` : `There is no command "${words}".`,
    meant ? `Did you mean ${isOption ? `--${meant}` : meant}?` : "Run runner-images --help to see what there is.",
  )
}

/** For suggestions. */
const OPTIONS = [
  ...Object.keys({
    ...requestOptions,
    ...layerOptions,
    ...parityOptions,
    ...benchOptions,
    ...catalogOptions,
    ...answerOptions,
    ...engineOptions,
    ...credentialOptions,
  }),
  ...["output", "archive", "load", "repository", "tags", "allow-stand-in", "variant-tags", "help", "version"],
]
