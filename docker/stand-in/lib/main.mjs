import { readArguments } from "./arguments.mjs"
import { configure, remove } from "./configure.mjs"
import { Failure } from "./failure.mjs"
import { HELP } from "./help.mjs"
import { listen } from "./listen.mjs"
import { commit, version } from "./version.mjs"

/**
 * The stand-in runner. It has the files and the command line of the GitHub Actions runner, whose archive exists in one place
 * only, so that images can be built and tested where that place does not answer. It says what it is whenever it starts.
 *
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<number>} exit code: 0, or 1 when something is to be put right
 */
export async function main(args, environment) {
  try {
    await execute(readArguments(args, environment))
    return 0
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(`An error occurred: ${error.message}`)
    return 1
  }
}

/** @param {import("./arguments.mjs").Arguments} given */
async function execute(given) {
  const say = (/** @type {string} */ line) => console.log(line)
  if (given.flags.help) return say(HELP)
  if (given.flags.version) return say(version())
  if (given.flags.commit) return say(commit())
  switch (given.command) {
    case "configure":
      return configure(given, say)
    case "remove":
      return remove(given, say)
    case "run":
      return listen(given, say)
    case undefined:
      throw new Failure("No command is given. Use ./config.sh and ./run.sh.")
  }
}
