import { mkdirSync } from "node:fs"
import { resolve } from "node:path"
import { AccessTokenSource } from "./access-token.mjs"
import { readCredentials, readSettings, removeConfiguration } from "./configuration.mjs"
import { loadDotEnv } from "./dot-env.mjs"
import { EXIT } from "./exit-codes.mjs"
import { Failure } from "./failure.mjs"
import { configureJustInTime } from "./jit.mjs"
import { JobDispatcher } from "./job-dispatcher.mjs"
import { JobService } from "./job-service.mjs"
import { nameProcess } from "./process-name.mjs"
import { readKey } from "./rsa-key.mjs"
import { Ending, Session } from "./session.mjs"
import { ROOT, version } from "./version.mjs"

/**
 * Runs the configured runner: takes jobs until it is told to stop, or has done the one that it is for.
 *
 * @param {import("./arguments.mjs").Arguments} given
 * @param {import("./terminal.mjs").Terminal} terminal
 * @param {import("./seconds.mjs").Seconds} seconds
 * @returns {Promise<number>} exit code
 * @throws {Failure} when the runner is not configured
 */
export async function listen({ values, flags }, terminal, seconds) {
  terminal.line(`Stand-in runner ${version()}. This is not the GitHub Actions runner.`)
  nameProcess("Runner.Listener")
  loadDotEnv()
  if (values.jitconfig !== undefined) configureJustInTime(values.jitconfig)
  const settings = readSettings()
  if (!settings) throw new Failure("This runner is not configured. Configure it with ./config.sh, then run it again.")
  const { credentials, key } = readCredentials()
  if (flags.once)
    terminal.line(
      "Warning: '--once' is going to be deprecated in the future, please consider using '--ephemeral' during runner registration.",
    )
  makeWorkFolder(settings.workFolder)
  const tokens = new AccessTokenSource(credentials, readKey(key))
  const session = new Session(settings.serverUrlV2, tokens, terminal, seconds)
  const stop = stopSignal(terminal)
  const takesOne = flags.once === true || settings.ephemeral === true
  try {
    await session.open(stop)
    terminal.line(`Current runner version: '${version()}'`)
    terminal.event("Listening for Jobs")
    const done = await takeJobs({ session, tokens, settings, terminal, seconds, stop, takesOne })
    if (done && settings.ephemeral) forget(terminal)
    return EXIT.success
  } catch (error) {
    if (stop.aborted) return EXIT.success
    if (!(error instanceof Ending)) throw error
    terminal.error(error.message)
    if (error.unregistered) forget(terminal)
    return error.code
  } finally {
    await session.close()
  }
}

/**
 * @typedef {object} Work
 * @property {Session} session
 * @property {AccessTokenSource} tokens
 * @property {import("./configuration.mjs").Settings} settings
 * @property {import("./terminal.mjs").Terminal} terminal
 * @property {import("./seconds.mjs").Seconds} seconds
 * @property {AbortSignal} stop
 * @property {boolean} takesOne
 */

/**
 * Reads messages and does what they want. The server is asked on while a job runs: it may be cancelled.
 *
 * @param {Work} work
 * @returns {Promise<boolean>} whether the one job that the runner was for is done
 */
async function takeJobs({ session, tokens, settings, terminal, seconds, stop, takesOne }) {
  /** @type {{ id: number, dispatcher: JobDispatcher, ended: Promise<void> } | undefined} */
  let current
  let done = false
  // Ends the question for the next message, which else would be open for a while after the only job.
  const enough = new AbortController()
  const listening = AbortSignal.any([stop, enough.signal])
  try {
    for (;;) {
      const { messageType, body } = await session.next(() => (current ? "Busy" : "Online"), listening)
      const message = JSON.parse(body)
      if (messageType === "JobCancellation" && current?.id === message.jobId)
        current?.dispatcher.cancel("CancelRequest")
      if (messageType !== "RunnerJobRequest" || current) continue
      const service = new JobService(`${message.runServiceUrl}${message.jobId}`, tokens, seconds)
      const dispatcher = new JobDispatcher(service, settings, terminal, seconds)
      const ended = dispatcher
        .run()
        .catch((error) => terminal.error(error instanceof Error ? error.message : String(error)))
        .then(() => {
          current = undefined
          done = takesOne
          if (takesOne) enough.abort()
        })
      current = { id: message.jobId, dispatcher, ended }
    }
  } catch (error) {
    const busy = current
    if (stop.aborted) busy?.dispatcher.cancel("RunnerShutdown")
    await busy?.ended
    // What was cancelled does not count as done, so that the configuration stays, as with the real runner.
    if (stop.aborted) return false
    if (enough.signal.aborted) return done
    throw error
  }
}

/** @param {string} workFolder */
function makeWorkFolder(workFolder) {
  const folder = resolve(ROOT, workFolder)
  try {
    mkdirSync(folder, { recursive: true })
  } catch {
    throw new Failure(`Fail to create and validate runner's work directory '${folder}'.`)
  }
}

/**
 * Aborted when the runner is to stop. Its job is cancelled then.
 *
 * @param {import("./terminal.mjs").Terminal} terminal
 */
function stopSignal(terminal) {
  const stop = new AbortController()
  process.on("SIGINT", () => {
    terminal.line("Exiting...")
    stop.abort()
  })
  process.on("SIGTERM", () => stop.abort())
  return stop.signal
}

/** @param {import("./terminal.mjs").Terminal} terminal */
function forget(terminal) {
  if (!removeConfiguration()) return
  terminal.success("Removed .credentials")
  terminal.success("Removed .runner")
}
