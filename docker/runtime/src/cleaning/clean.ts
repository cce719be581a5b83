import type { Environment } from "../environment.js"
import type { Log } from "../log.js"
import { type CleaningPlan, PLAN_VARIABLE } from "../container/cleaning-plan.js"
import { removeJobFolders, type Removed } from "./job-folders.js"

/** The cleaner, in the image's hook at the end of a job: the runner takes no other job before it has ended. Nothing that goes wrong fails the job. */
export async function cleanAfterJob(environment: Environment, log: Log): Promise<void> {
  const plan = JSON.parse(environment[PLAN_VARIABLE] ?? "null") as CleaningPlan | null
  if (!plan) return
  if (plan.clean === "all") {
    await endLeftProcesses(log)
    await removeLeftContainers(plan, environment, log)
  }
  tell(log, await removeJobFolders(plan.workFolder), "folder", `of the job from ${plan.workFolder}`)
  if (plan.clean !== "all") return
  const { removeTemporaryFiles } = await import("./temporary-files.js")
  tell(log, await removeTemporaryFiles(plan), "temporary file", "of the job")
}

/** What a container left that was killed during a job. No job runs yet. */
export async function cleanBeforeJobs(plan: CleaningPlan, environment: Environment, log: Log): Promise<void> {
  if (plan.clean === "all") await removeLeftContainers(plan, environment, log)
  tell(log, await removeJobFolders(plan.workFolder), "folder", `of earlier jobs from ${plan.workFolder}`)
}

async function endLeftProcesses(log: Log): Promise<void> {
  const { endProcesses, leftProcesses } = await import("./processes.js")
  const { commandLineOf } = await import("../processes/command-line.js")
  const found = leftProcesses()
  const names = found.map(({ pid }) => `${commandLineOf(pid)[0] ?? "?"} (${String(pid)})`)
  const left = await endProcesses(found)
  if (found.length > 0) log.info(`ended ${counted(found.length, "process")} of the job: ${names.join(", ")}`)
  if (left.length > 0) log.warn(`not ended: ${left.map(({ pid }) => String(pid)).join(", ")}`)
}

async function removeLeftContainers(plan: CleaningPlan, environment: Environment, log: Log): Promise<void> {
  const { removeContainers } = await import("./containers.js")
  const { containers, networks, failure } = await removeContainers(plan, environment)
  if (containers + networks > 0)
    log.info(`removed ${counted(containers, "container")} and ${counted(networks, "network")} of jobs`)
  if (failure !== undefined) log.warn(`containers of jobs may be left: ${failure}`)
}

function tell(log: Log, { removed, kept }: Removed, noun: string, where: string): void {
  if (removed > 0) log.info(`removed ${counted(removed, noun)} ${where}`)
  if (kept.length > 0) log.warn(`not removed: ${kept.join(", ")}`)
}

/** `1 folder`, `2 processes` */
function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`
  return `${String(count)} ${noun.endsWith("s") ? `${noun}es` : `${noun}s`}`
}
