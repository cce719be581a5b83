import { Diagnostics } from "../diagnostics.mjs"
import { codeOfResult } from "../exit-codes.mjs"
import { nameProcess } from "../process-name.mjs"
import { JobRunner } from "./job-runner.mjs"

/**
 * Does one job, which Runner.Listener sends. A signal to the whole group is for the listener, which then says what is to be done.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code, which stands for the job's result
 */
export async function main(args) {
  if (args[0] !== "spawnclient" || !process.send) {
    console.error("Runner.Worker is started by Runner.Listener only.")
    return 1
  }
  nameProcess("Runner.Worker")
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {})
  const diagnostics = new Diagnostics("Worker")
  const send = (/** @type {object} */ message) => void process.send?.(message, undefined, undefined, () => {})
  const result = await new Promise((resolve, reject) => {
    /** @type {JobRunner | undefined} */
    let runner
    process.on("message", (/** @type {any} */ message) => {
      if (message.type === "cancel") return runner?.cancel(message.reason)
      if (message.type !== "job" || runner) return
      runner = new JobRunner(message, diagnostics, send)
      runner.run().then(resolve, reject)
    })
    // Without a listener, nobody wants the job any more.
    process.on("disconnect", () => (runner ? runner.cancel("RunnerShutdown") : resolve("Abandoned")))
  })
  if (process.connected) await new Promise((resolve) => process.send?.({ type: "end" }, undefined, undefined, resolve))
  process.removeAllListeners("disconnect")
  if (process.connected) process.disconnect()
  return codeOfResult(result)
}
