/**
 * Times in seconds, shorter than the real runner's, so that tests need not wait long. STAND_IN_SECONDS changes them: `retry=0.2,poll=2`.
 *
 * - `retry`: before a server that did not answer is asked again
 * - `conflict`: how long another process's session is waited for
 * - `poll`: how long the server is to keep a question for a job open
 * - `renew`: between two words to the server that a job is still worked on
 * - `interrupt`, `terminate`: that a cancelled program has after SIGINT, and then after SIGTERM; these are the real runner's
 */
const USUAL = { retry: 2, conflict: 20, poll: 20, renew: 20, interrupt: 7.5, terminate: 2.5 }

/** @typedef {typeof USUAL} Seconds */

const VARIABLE = "STAND_IN_SECONDS"

/**
 * Reads the times, and takes the variable out of the environment: it is none of a job's business.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Seconds}
 */
export function takeSeconds(environment) {
  const given = new Map(
    (environment[VARIABLE] ?? "").split(",").map((setting) => {
      const [name = "", value = ""] = setting.split("=")
      return /** @type {const} */ ([name.trim(), Number(value)])
    }),
  )
  delete environment[VARIABLE]
  const chosen = Object.entries(USUAL).map(([name, usual]) => [name, given.get(name) || usual])
  return Object.fromEntries(chosen)
}
