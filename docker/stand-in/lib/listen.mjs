import { readSettings } from "./configuration.mjs"
import { Failure } from "./failure.mjs"
import { configureJustInTime } from "./jit.mjs"
import { version } from "./version.mjs"

/**
 * Runs the configured runner until it is told to stop.
 *
 * @param {import("./arguments.mjs").Arguments} given
 * @param {(line: string) => void} say
 * @throws {Failure} when the runner is not configured
 */
export async function listen({ values }, say) {
  say(`Stand-in runner ${version()}. This is not the GitHub Actions runner.`)
  if (values.jitconfig !== undefined) configureJustInTime(values.jitconfig)
  const settings = readSettings()
  if (!settings) throw new Failure("This runner is not configured. Configure it with ./config.sh, then run it again.")
  const stopped = untilStopped()
  say(`Configured as ${settings.agentName} for ${settings.gitHubUrl}.`)
  say("This version takes no jobs. It waits until it is stopped.")
  say(`Stopped by ${await stopped}.`)
}

/** Longer than anyone waits: a handler for signals alone does not keep a program alive. */
const AGES = 2 ** 31 - 1

/** @returns {Promise<string>} the signal's name */
function untilStopped() {
  return new Promise((resolve) => {
    const waiting = setTimeout(() => {}, AGES)
    for (const signal of ["SIGTERM", "SIGINT"])
      process.once(signal, () => {
        clearTimeout(waiting)
        resolve(signal)
      })
  })
}
