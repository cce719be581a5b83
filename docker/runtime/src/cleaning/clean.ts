import { join } from "node:path"
import { type CleaningPlan, planIn } from "../container/cleaning-plan.js"
import type { Environment } from "../environment.js"
import { enter, type Place } from "../files/place.js"
import { printable } from "../files/printable.js"
import type { Log } from "../log.js"
import type { ProcessStatus } from "../processes/process-status.js"
import { removeEntries } from "./remove.js"
import { jobFolders } from "./work-folder.js"

/**
 * The cleaner, in the image's hook at the end of a job: the runner takes no other job before it has ended.
 *
 * The job may have changed the environment of hooks, and every file that it can write to. So what to remove is read from the runner's
 * own process, and files and folders are only ever names to be removed.
 */
export async function cleanAfterJob(log: Log): Promise<void> {
  const { environmentOf, runnerProcesses } = await import("./runner-processes.js")
  const processes = runnerProcesses()
  if (!processes) {
    log.warn("nothing is removed: the runner did not start this")
    return
  }
  const environment = environmentOf(processes)
  const plan = planIn(environment)
  if (!plan) return
  if (plan.clean === "all") {
    const { leftProcesses } = await import("./processes.js")
    await endLeftProcesses(leftProcesses(processes), log)
    await removeLeftContainers(plan, environment, log)
  }
  await removeIn(plan.workFolder, jobFolders, { noun: "folder", where: `of the job from ${plan.workFolder.path}`, log })
  if (plan.clean !== "all") return
  const { temporaryFiles } = await import("./temporary-files.js")
  for (const folder of plan.temporary)
    await removeIn(folder, () => temporaryFiles(folder), {
      noun: "temporary file",
      where: `of the job from ${folder.path}`,
      log,
    })
}

/** What a container left that was killed during a job. No job runs yet. */
export async function cleanBeforeJobs(plan: CleaningPlan, environment: Environment, log: Log): Promise<void> {
  if (plan.clean === "all") await removeLeftContainers(plan, environment, log)
  const where = `of earlier jobs from ${plan.workFolder.path}`
  await removeIn(plan.workFolder, jobFolders, { noun: "folder", where, log })
}

interface Told {
  readonly noun: string
  readonly where: string
  readonly log: Log
}

async function removeIn(place: Place, choose: () => string[], { noun, where, log }: Told): Promise<void> {
  const elsewhere = entered(place)
  if (elsewhere !== undefined) {
    log.warn(`nothing was removed from ${place.path}: ${elsewhere}`)
    return
  }
  const { removed, kept } = await removeEntries(choose())
  if (removed > 0) log.info(`removed ${counted(removed, noun)} ${where}`)
  if (kept.length > 0) log.warn(`not removed: ${kept.map((name) => join(place.path, name)).join(", ")}`)
}

/** @returns why not */
function entered(place: Place): string | undefined {
  try {
    return enter(place)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

/** UTF-16 units of a program's name in a message. */
const LONGEST = 100

async function endLeftProcesses(found: readonly ProcessStatus[], log: Log): Promise<void> {
  const { endProcesses } = await import("./processes.js")
  const { commandLineOf } = await import("../processes/command-line.js")
  const names = found.map(({ pid }) => `${printable(commandLineOf(pid)[0] ?? "?", LONGEST)} (${String(pid)})`)
  const left = await endProcesses(found)
  if (found.length > 0) log.info(`ended ${counted(found.length, "process")} of the job: ${names.join(", ")}`)
  if (left.length > 0) log.warn(`not ended: ${left.map(({ pid }) => String(pid)).join(", ")}`)
}

async function removeLeftContainers({ labels }: CleaningPlan, environment: Environment, log: Log): Promise<void> {
  const { removeContainers } = await import("./containers.js")
  const { containers, networks, failure } = await removeContainers(labels, environment)
  if (containers + networks > 0)
    log.info(`removed ${counted(containers, "container")} and ${counted(networks, "network")} of jobs`)
  if (failure !== undefined) log.warn(`containers of jobs may be left: ${printable(failure, 1000)}`)
}

/** `1 folder`, `2 processes` */
function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`
  return `${String(count)} ${noun.endsWith("s") ? `${noun}es` : `${noun}s`}`
}
