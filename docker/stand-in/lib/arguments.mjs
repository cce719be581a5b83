import { parseArgs } from "node:util"
import { Failure } from "./failure.mjs"

/** @typedef {"configure" | "remove" | "run"} Command */

/**
 * What a command was asked to do. Options have the real runner's names.
 *
 * @typedef {object} Arguments
 * @property {Command | undefined} command
 * @property {Record<string, string | undefined>} values
 * @property {Record<string, boolean | undefined>} flags
 */

const GENERAL = { help: "flag", version: "flag", commit: "flag" }

/** @type {Record<Command, Record<string, "flag" | "value">>} */
const OPTIONS = {
  configure: {
    url: "value",
    token: "value",
    name: "value",
    runnergroup: "value",
    labels: "value",
    work: "value",
    "no-default-labels": "flag",
    replace: "flag",
    ephemeral: "flag",
    disableupdate: "flag",
    unattended: "flag",
  },
  remove: { token: "value", local: "flag", unattended: "flag" },
  run: { jitconfig: "value", startuptype: "value", once: "flag" },
}

/** @type {readonly string[]} */
const COMMANDS = Object.keys(OPTIONS)

const ENVIRONMENT_PREFIX = "ACTIONS_RUNNER_INPUT_"

/**
 * Reads a command line. As with the real runner, an option may also come from the environment, where others
 * cannot read a token from the list of processes: ACTIONS_RUNNER_INPUT_TOKEN. The command line wins.
 *
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} environment loses those options, which are none of a job's business
 * @returns {Arguments}
 * @throws {Failure} when a command or an option is unknown, or a value is missing
 */
export function readArguments(args, environment) {
  const [first] = args
  const command = first === undefined || first.startsWith("-") ? undefined : asCommand(first)
  const known = { ...GENERAL, ...(command && OPTIONS[command]) }
  const parsed = parse(args.slice(command ? 1 : 0), known)

  const taken = takeInputs(environment)

  /** @type {Arguments} */
  const result = { command, values: {}, flags: {} }
  for (const [name, kind] of Object.entries(known)) {
    const given = parsed[name] ?? taken.get(name.toUpperCase())
    if (kind === "flag") result.flags[name] = given === true || String(given).toLowerCase() === "true"
    else if (typeof given === "string" && given !== "") result.values[name] = given
  }
  return result
}

/** @param {NodeJS.ProcessEnv} environment */
function takeInputs(environment) {
  /** @type {Map<string, string>} */
  const taken = new Map()
  for (const [name, value] of Object.entries(environment)) {
    if (!name.toUpperCase().startsWith(ENVIRONMENT_PREFIX)) continue
    taken.set(name.toUpperCase().slice(ENVIRONMENT_PREFIX.length), value?.trim() ?? "")
    delete environment[name]
  }
  return taken
}

/**
 * @param {string} word
 * @returns {Command}
 */
function asCommand(word) {
  if (COMMANDS.includes(word)) return /** @type {Command} */ (word)
  throw new Failure(`There is no command "${word}". ./config.sh --help lists what there is.`)
}

/**
 * @param {readonly string[]} args
 * @param {Record<string, string>} known
 */
function parse(args, known) {
  /** @type {Record<string, { type: "boolean" | "string" }>} */
  const options = {}
  for (const [name, kind] of Object.entries(known)) options[name] = { type: kind === "flag" ? "boolean" : "string" }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure(`${withoutValues(reason)}. ./config.sh --help lists the options.`)
  }
}

/**
 * The first sentence of Node.js's message, which names the option. What follows may quote what was typed, and that may be a token.
 *
 * @param {string} reason
 */
function withoutValues(reason) {
  const named = /'(-[^' ]*)[^']*'/.exec(reason)?.[1]
  if (named === undefined) return "There is a word on the command line that belongs to no option"
  if (reason.startsWith("Unknown option")) return `There is no option ${named} here`
  return /does not take an argument/.test(reason) ? `${named} takes no value` : `${named} needs a value`
}
