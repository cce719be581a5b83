import { existsSync } from "node:fs"
import { hide, masked } from "../secrets.mjs"
import { FileCommands } from "./file-commands.mjs"
import { prepareFolders } from "./folders.mjs"
import { jobEnvironment } from "./job-environment.mjs"
import { terminateOrphans } from "./orphans.mjs"
import { Script } from "./script.mjs"

/** @typedef {import("../exit-codes.mjs").Result} Result */
/** @typedef {import("../job-service.mjs").Job} Job */
/** @typedef {import("../job-service.mjs").StepResult} StepResult */

/**
 * What the listener sends.
 *
 * @typedef {object} Order
 * @property {Job} job
 * @property {import("../configuration.mjs").Settings} settings
 * @property {import("../seconds.mjs").Seconds} seconds
 */

/** What administrators of runners have run before and after each job: docs/adrs/1751-runner-job-hooks.md of the real runner. */
const HOOKS = /** @type {const} */ ({
  started: { variable: "ACTIONS_RUNNER_HOOK_JOB_STARTED", step: "Set up runner" },
  completed: { variable: "ACTIONS_RUNNER_HOOK_JOB_COMPLETED", step: "Complete runner" },
})

/** Runs a job's hooks and steps, one after the other. */
export class JobRunner {
  #job
  #settings
  #seconds
  #diagnostics
  #send
  /** @type {StepResult[]} */
  #steps = []
  /** @type {Script | undefined} */
  #current
  /** @type {import("../job-dispatcher.mjs").CancelReason | undefined} */
  #cancelled

  /**
   * @param {Order} order
   * @param {import("../diagnostics.mjs").Diagnostics} diagnostics
   * @param {(message: object) => void} send to the listener
   */
  constructor({ job, settings, seconds }, diagnostics, send) {
    this.#job = job
    this.#settings = settings
    this.#seconds = seconds
    this.#diagnostics = diagnostics
    this.#send = send
  }

  /** @param {import("../job-dispatcher.mjs").CancelReason} reason */
  cancel(reason) {
    if (this.#cancelled) return
    this.#cancelled = reason
    this.#log("##[error]The operation was canceled.")
    void this.#current?.cancel(this.#seconds)
  }

  /** @returns {Promise<Result>} */
  async run() {
    const { id, name, secrets, steps } = this.#job
    for (const secret of secrets) hide(secret)
    this.#diagnostics.write("Worker", `Job ID ${id}`)
    this.#diagnostics.write("JobRunner", `Starting the job execution context: ${name}`)
    const folders = prepareFolders(this.#settings.workFolder, this.#job)
    const environment = jobEnvironment(this.#job, this.#settings, folders)
    const commands = new FileCommands(folders.temporary, environment)

    await this.#hook("started", commands, folders.work)
    for (const [index, step] of steps.entries()) {
      const label = step.name ?? `Run ${step.run.split("\n")[0]}`
      if (this.#cancelled === "RunnerShutdown" || ((this.#cancelled || this.#failed()) && !step.always))
        this.#skip(label)
      else await this.#step(label, { text: step.run, env: step.env, index }, commands, folders)
    }
    // What runs always does not when the runner itself is to stop.
    if (this.#cancelled !== "RunnerShutdown") await this.#hook("completed", commands, folders.work)

    this.#log("Cleaning up orphan processes")
    for (const { pid, command } of terminateOrphans(environment))
      this.#log(`Terminate orphan process: pid (${pid}) (${command})`)
    const result = this.#result()
    this.#diagnostics.write("JobRunner", `Job result after all job steps finish: ${result}`)
    this.#send({ type: "steps", steps: this.#steps })
    return result
  }

  #failed() {
    return this.#steps.some(({ result }) => result === "Failed")
  }

  /** @returns {Result} */
  #result() {
    if (this.#cancelled) return "Canceled"
    return this.#failed() ? "Failed" : "Succeeded"
  }

  /** @param {string} label */
  #skip(label) {
    this.#steps.push({ name: label, result: "Skipped", exitCode: null })
  }

  /**
   * @param {string} label
   * @param {{ text: string, env: Record<string, string>, index: number }} step
   * @param {FileCommands} commands
   * @param {import("./folders.mjs").Folders} folders
   */
  async #step(label, { text, env, index }, commands, { temporary, workspace }) {
    this.#log(`##[group]${label}`)
    const script = Script.ofText(text, temporary, index)
    await this.#run(label, script, workspace, commands, env)
    script.remove()
  }

  /**
   * @param {keyof typeof HOOKS} stage
   * @param {FileCommands} commands
   * @param {string} folder
   */
  async #hook(stage, commands, folder) {
    const { variable, step } = HOOKS[stage]
    const path = process.env[variable]
    if (!path) return
    this.#log(`##[group]${step}`)
    this.#log(`A job ${stage} hook has been configured by the self-hosted runner administrator`)
    const wrong = !/\.(sh|ps1)$/.test(path)
      ? `${path} is not a valid path to a script. Make sure it ends in '.sh' or '.ps1'.`
      : existsSync(path)
        ? undefined
        : "File doesn't exist"
    if (wrong === undefined) return await this.#run(step, Script.ofFile(path), folder, commands, {})
    this.#log(`##[error]${wrong}`)
    this.#steps.push({ name: step, result: "Failed", exitCode: null })
  }

  /**
   * @param {string} label
   * @param {Script} script
   * @param {string} folder
   * @param {FileCommands} commands
   * @param {Record<string, string>} env
   */
  async #run(label, script, folder, commands, env) {
    this.#current = script
    const environment = { ...commands.begin(), ...env }
    const exitCode = await script.run(folder, environment, (line) => this.#log(line))
    commands.end()
    this.#current = undefined
    /** @type {Result} */
    const result = script.cancelled ? "Canceled" : exitCode === 0 ? "Succeeded" : "Failed"
    if (result === "Failed") this.#log(`##[error]Process completed with exit code ${exitCode}.`)
    this.#steps.push({ name: label, result, exitCode })
    this.#diagnostics.write("StepsRunner", `Step ${label} completed with result: ${result}`)
  }

  /** @param {string} line */
  #log(line) {
    this.#send({ type: "log", text: `${masked(line)}\n` })
  }
}
