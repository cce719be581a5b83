import { spawn } from "node:child_process"
import { join } from "node:path"
import { resultOfCode } from "./exit-codes.mjs"
import { hide } from "./secrets.mjs"
import { ROOT } from "./version.mjs"

/** Milliseconds that a worker has for a cancelled job before it is killed. */
const CANCEL_TIMEOUT = 60_000

/** Why a job is to end before it is done. */
/** @typedef {"CancelRequest" | "RunnerShutdown"} CancelReason */

/** Runs a job in a process of its own, Runner.Worker, which has no credentials. */
export class JobDispatcher {
  #service
  #settings
  #terminal
  #seconds
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #worker
  /** @type {CancelReason | undefined} */
  #cancelled

  /**
   * @param {import("./job-service.mjs").JobService} service
   * @param {import("./configuration.mjs").Settings} settings
   * @param {import("./terminal.mjs").Terminal} terminal
   * @param {import("./seconds.mjs").Seconds} seconds
   */
  constructor(service, settings, terminal, seconds) {
    this.#service = service
    this.#settings = settings
    this.#terminal = terminal
    this.#seconds = seconds
  }

  /** Does the job, and tells the server how it ended. */
  async run() {
    const job = await this.#service.get()
    for (const secret of job.secrets) hide(secret)
    this.#terminal.event(`Running job: ${job.name}`)
    const renewal = setInterval(() => void this.#renew(), this.#seconds.renew * 1000)
    try {
      const { code, steps } = await this.#work(job)
      const result = this.#cancelled ? "Canceled" : resultOfCode(code)
      this.#terminal.event(`Job ${job.name} completed with result: ${result}`)
      await this.#service.complete(result, steps)
    } finally {
      clearInterval(renewal)
    }
  }

  /** @param {CancelReason} reason */
  cancel(reason) {
    if (this.#cancelled) return
    this.#cancelled = reason
    this.#tellCancelled()
  }

  #tellCancelled() {
    const worker = this.#worker
    if (!worker || !this.#cancelled) return
    // One that ended meanwhile cannot be told.
    worker.send({ type: "cancel", reason: this.#cancelled }, () => {})
    setTimeout(() => worker.kill("SIGKILL"), CANCEL_TIMEOUT).unref()
  }

  async #renew() {
    if (!(await this.#service.renew())) this.cancel("CancelRequest")
  }

  /**
   * @param {import("./job-service.mjs").Job} job
   * @returns {Promise<{ code: number | null, steps: import("./job-service.mjs").StepResult[] }>}
   */
  #work(job) {
    const worker = spawn(join(ROOT, "bin", "Runner.Worker"), ["spawnclient"], {
      cwd: join(ROOT, "bin"),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    })
    this.#worker = worker
    /** @type {import("./job-service.mjs").StepResult[]} */
    let steps = []
    const onMessage = (/** @type {any} */ message) => {
      if (message.type === "log") this.#log(message.text)
      else if (message.type === "steps") steps = message.steps
    }
    worker.on("message", onMessage)
    for (const stream of [worker.stdout, worker.stderr])
      stream?.on("data", (chunk) => this.#terminal.trace("Worker", String(chunk).trimEnd()))
    worker.send({ type: "job", job, settings: this.#settings, seconds: this.#seconds }, () => {})
    this.#tellCancelled()
    return new Promise((resolve) => {
      worker.once("error", (error) => {
        this.#terminal.error(`The worker cannot be started: ${error.message}`)
        resolve({ code: null, steps })
      })
      // A process that a step left behind may keep its output open, so the end of that is not waited for.
      worker.once("exit", (code) => setImmediate(() => resolve({ code, steps })))
    })
  }

  /** @param {string} text */
  #log(text) {
    this.#service.log(text)
    if (!/^(1|true)$/i.test(process.env.ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT ?? "")) return
    for (const line of text.trimEnd().split("\n"))
      this.#terminal.line(`[WORKER ${this.#terminal.now()} INFO Job] ${line}`)
  }
}
