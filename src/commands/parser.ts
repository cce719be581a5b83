import yargs, { type Argv, type CommandModule } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { closest } from "../../dagger/src/core/suggest.js"
import { PROJECT_VERSION } from "../../dagger/src/core/version.js"
import { benchCommand } from "./bench.js"
import { buildCommand } from "./build.js"
import { catalogCommand } from "./catalog.js"
import { cleanupCommand } from "./cleanup.js"
import { diffCommand } from "./diff.js"
import { dockerfileCommand } from "./dockerfile.js"
import { doctorCommand } from "./doctor.js"
import type { CommandContext } from "../input/context.js"
import { COMPLETING, completionCommand, completions } from "./completion.js"
import { inspectCommand } from "./inspect.js"
import { listCommand } from "./list.js"
import { parityCommand } from "./parity.js"
import { planCommand } from "./plan.js"
import { promoteCommand } from "./promote.js"
import { reproduceCommand } from "./reproduce.js"
import { rollbackCommand } from "./rollback.js"
import { publishCommand } from "./publish.js"
import { sbomCommand } from "./sbom.js"
import { testCommand } from "./test.js"
import { verifyCommand } from "./verify.js"
import { vulnerabilitiesCommand } from "./vulnerabilities.js"

type EngineCommands = typeof import("./engine.js")

/** @param loaded its commands; absent if they are loaded on demand: they import half of the program */
function engineCommand(loaded?: EngineCommands): CommandModule {
  return {
    command: "engine",
    describe: "Manage the bare engine: a Dagger engine without Docker, on Debian and Ubuntu",
    builder: loaded?.default ?? (async (yargs: Argv) => (await import("./engine.js")).default(yargs)),
    handler: () => undefined,
  }
}

/** Every command and its subcommands. */
const COMMANDS = new Map<string, readonly string[]>([
  ["build", []],
  ["publish", []],
  ["test", []],
  ["plan", []],
  ["parity", []],
  ["reproduce", []],
  ["diff", []],
  ["sbom", []],
  ["inspect", []],
  ["promote", []],
  ["rollback", []],
  ["cleanup", []],
  ["verify", []],
  ["list", []],
  ["vulnerabilities", []],
  ["bench", []],
  ["catalog", ["check", "outdated", "update"]],
  ["dockerfile", []],
  ["doctor", []],
  ["completion", []],
  ["engine", ["up", "down", "status", "logs", "prune", "image"]],
])
/** Wide enough for every option's own line, narrow enough for a log. */
const HELP_COLUMNS = 110

/**
 * Runs a command line. Without words, or with `--help` or `--version`, that is an answer.
 *
 * @throws {RunnerImagesError} USAGE for what the user got wrong, and whatever a command throws
 */
export async function runCommandLine(words: readonly string[], context: CommandContext): Promise<void> {
  if (words[0] === COMPLETING) {
    const optionsOf = (command: readonly string[]) => optionsBelow(context, command)
    context.answer((await completions(words.slice(1), { commands: COMMANDS, optionsOf })).join("\n"))
    return
  }
  const argv = words.length === 0 ? ["--help"] : words
  let printed = ""
  const { _: given } = await parser(context).parseAsync(argv, {}, (_error, _argv, output) => {
    printed = output
  })
  if (printed === "") return
  // yargs validates nothing before it shows help or the version: those of the program, for a command that it does not know.
  refuseUnknownCommand(given)
  context.answer(printed)
}

/** What a command takes, which yargs knows once it has parsed it. */
async function optionsBelow(context: CommandContext, command: readonly string[]): Promise<string[]> {
  // For help, yargs does not wait until commands are loaded.
  const program = parser(context, await import("./engine.js"))
  await program.parseAsync([...command, "--help"], {}, () => undefined)
  return program.parsed === false ? [] : declaredOptions(program.parsed)
}

/** All commands with their options. A middleware of the caller's sees what was parsed and validated before a command runs. */
export function parser(context: CommandContext, engine?: EngineCommands): Argv {
  const program = yargs()
  return (
    program
      .scriptName("runner-images")
      // Answers are the same everywhere.
      .locale("en")
      .detectLocale(false)
      .updateStrings({ "Not enough arguments following: %s": "--%s has no value" })
      .usage("GitHub Actions runner images for several platforms, from one pipeline\n\nUsage: $0 COMMAND [OPTIONS]")
      .parserConfiguration({
        // `--platforms a b` would swallow the arguments that follow, the image reference of `test` included.
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
      .command(reproduceCommand(context))
      .command(diffCommand(context))
      .command(sbomCommand(context))
      .command(inspectCommand(context))
      .command(promoteCommand(context))
      .command(rollbackCommand(context))
      .command(cleanupCommand(context))
      .command(verifyCommand(context))
      .command(listCommand(context))
      .command(vulnerabilitiesCommand(context))
      .command(benchCommand(context))
      .command(catalogCommand(context))
      .command(dockerfileCommand(context))
      .command(doctorCommand(context))
      .command(engineCommand(engine))
      .command(completionCommand)
      .example("$0 build", "Build both platforms of the standard image into dist/")
      .example("$0 COMMAND --help", "Show the options and examples of a command")
      .epilogue(
        "Exit codes: 0 done · 1 build failed · 2 usage error · 3 checks failed · 4 authentication · 5 network or registry · 130 interrupted",
      )
      .option("quiet", {
        type: "boolean",
        default: false,
        describe: "Print only the answer, warnings and errors, and no progress",
      })
      .version(PROJECT_VERSION)
      .help()
      .wrap(process.stdout.isTTY ? Math.min(HELP_COLUMNS, process.stdout.columns) : HELP_COLUMNS)
      .strict()
      .check(givenOnce)
      .exitProcess(false)
      .fail((message: string | null, error: Error | undefined) => {
        if (error && error.name !== "YError") throw error
        throw usageError(message ?? error?.message ?? "The command line could not be understood", program.parsed)
      })
  )
}

/** yargs turns a repeated option into a list, even if it takes only one value. */
function givenOnce(argv: Record<string, unknown>): boolean {
  const lists = ["_", "platforms", "variants", "packages", "rows", "tags", "tools"]
  const twice = Object.entries(argv).find(([name, value]) => Array.isArray(value) && !lists.includes(name))
  if (twice) throw new RunnerImagesError("USAGE", `--${kebab(twice[0])} is given more than once.`, "Give it once.")
  return true
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

type Parsed = Exclude<Argv["parsed"], false>

/** Rephrases yargs' error and suggests what was probably meant. The cause is read from what yargs parsed: its errors are only texts. */
function usageError(message: string, parsed: Parsed | false): RunnerImagesError {
  const problem = `${message.trim().replace(/\.?$/, "")}.`
  if (parsed === false) return new RunnerImagesError("USAGE", problem, "Run runner-images --help.")
  // The only thing that its parser itself rejects.
  if (parsed.error !== null) return new RunnerImagesError("USAGE", problem, "Give a value after it.")
  refuseUnknownCommand(parsed.argv._)
  const option = unknownOption(parsed)
  if (option === "password")
    return new RunnerImagesError(
      "USAGE",
      "There is no option --password: command lines end up in process lists, shell histories and logs.",
      "Use --password-env NAME or --password-file FILE.",
    )
  if (option === "allow-stand-in")
    return new RunnerImagesError(
      "USAGE",
      "There is no option --allow-stand-in any more: instead of a stand-in, images have github-act-runner where GitHub's own runner is not used.",
      "To publish them, give --runner act: each tag then ends in -act.",
    )
  if (option !== undefined) {
    // Only what this command takes: another one's option would be refused as well.
    const meant = closest(option, declaredOptions(parsed))
    return new RunnerImagesError(
      "USAGE",
      `There is no option "--${option}" here.`,
      meant ? `Did you mean --${meant}?` : `Run ${commandOf(parsed)} --help to list what it takes.`,
    )
  }
  const [command, word] = parsed.argv._.map(String)
  if (command !== undefined && word !== undefined && COMMANDS.get(command)?.length === 0)
    return new RunnerImagesError(
      "USAGE",
      `${command} does not take "${word}".`,
      `Run runner-images ${command} --help to see what it takes.`,
    )
  return new RunnerImagesError("USAGE", problem, "Run runner-images --help.")
}

/**
 * @param words the arguments that are neither options nor options' values
 * @throws {RunnerImagesError} USAGE
 */
function refuseUnknownCommand(words: readonly (string | number)[]): void {
  const [command, subcommand] = words.map(String)
  if (command === undefined) return
  const subcommands = COMMANDS.get(command)
  const [unknown, known] = subcommands === undefined ? [command, [...COMMANDS.keys()]] : [subcommand, subcommands]
  if (unknown === undefined || known.length === 0 || known.includes(unknown)) return
  const meant = closest(unknown, known)
  throw new RunnerImagesError(
    "USAGE",
    `There is no command "${subcommands === undefined ? command : `${command} ${unknown}`}".`,
    meant ? `Did you mean ${meant}?` : "Run runner-images --help to list commands and options.",
  )
}

/** The first option that is not declared. */
function unknownOption(parsed: Parsed): string | undefined {
  return Object.keys(parsed.argv).find((name) => !["_", "--", "$0"].includes(name) && !isDeclared(name, parsed))
}

/** By the rule of yargs' own strict(). */
function isDeclared(name: string, { aliases, newAliases }: Parsed): boolean {
  return Object.hasOwn(aliases, name) && [name, ...(aliases[name] ?? [])].some((alias) => newAliases[alias] !== true)
}

/** The options of the command that was given, as they are written. */
function declaredOptions(parsed: Parsed): string[] {
  return Object.keys(parsed.aliases).filter(
    (name) => name.length > 1 && kebab(name) === name && isDeclared(name, parsed),
  )
}

/** @example "runner-images catalog update" */
function commandOf({ argv }: Parsed): string {
  const [command = "", subcommand = ""] = argv._.map(String)
  const subcommands = COMMANDS.get(command)
  const words = subcommands === undefined ? [] : [command, ...subcommands.filter((name) => name === subcommand)]
  return ["runner-images", ...words].join(" ")
}
