import { readArguments } from "./arguments.mjs"
import { configure, remove } from "./configure.mjs"
import { EXIT } from "./exit-codes.mjs"
import { Failure } from "./failure.mjs"
import { HELP } from "./help.mjs"
import { listen } from "./listen.mjs"
import { takeSeconds } from "./seconds.mjs"
import { Terminal } from "./terminal.mjs"
import { commit, version } from "./version.mjs"

/**
 * The stand-in runner. It has the files, the command line and the words of the GitHub Actions runner, whose archive exists in one place
 * only, so that images can be built and tested where that place does not answer. It says what it is whenever it starts, and takes jobs
 * from nobody but the fake GitHub of this project's tests.
 *
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} environment inputs for the runner are taken out of it
 * @returns {Promise<number>} exit code
 */
export async function main(args, environment) {
  try {
    return await execute(readArguments(args, environment), environment)
  } catch (error) {
    const terminal = new Terminal()
    if (error instanceof Failure) {
      terminal.error(`An error occurred: ${error.message}`)
      return EXIT.terminated
    }
    terminal.error(`An error occurred: ${error instanceof Error ? error.message : String(error)}`)
    terminal.trace("Listener", error instanceof Error ? (error.stack ?? "") : "")
    return EXIT.retry
  }
}

/**
 * @param {import("./arguments.mjs").Arguments} given
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<number>}
 */
async function execute(given, environment) {
  if (given.flags.help) return say(HELP)
  if (given.flags.version) return say(version())
  if (given.flags.commit) return say(commit())
  const terminal = new Terminal()
  const seconds = takeSeconds(environment)
  switch (given.command) {
    case "configure":
      await configure(given, { terminal, seconds })
      return EXIT.success
    case "remove":
      await remove(given, { terminal, seconds })
      return EXIT.success
    case "run":
      return await listen(given, terminal, seconds)
    case undefined:
      throw new Failure("No command is given. Use ./config.sh and ./run.sh.")
  }
}

/** @param {string} line */
function say(line) {
  console.log(line)
  return EXIT.success
}
