import { join } from "node:path"
import type { PublicConfiguration } from "../configuration/configuration.js"
import type { Cleaning } from "../configuration/variables.js"
import type { ImagePaths } from "../image-paths.js"

/** Tells this program to clean up after the job that it is started in: set by the image's hook. */
export const CLEANER_VARIABLE = "RUNNER_IMAGES_CLEANER"

/** The plan, for the cleaner. */
export const PLAN_VARIABLE = "RUNNER_IMAGES_CLEANING"

/** A file that the image's hook makes when a job starts: what is younger is the job's. */
const STARTED_VARIABLE = "RUNNER_IMAGES_JOB_STARTED"

/** What jobs give their containers to have them removed. */
const LABEL_VARIABLE = "RUNNER_CONTAINER_LABEL"

/** What is removed between jobs, and where it is. */
export interface CleaningPlan {
  readonly clean: Exclude<Cleaning, "off">
  readonly workFolder: string
  /** Of the runner: its configuration tells the label that it gives to containers. */
  readonly runnerFolder: string
  /** Where programs put temporary files. */
  readonly temporary: readonly string[]
  /** Files there that are not the job's. */
  readonly keep: readonly string[]
  /** Made when the job started. */
  readonly started: string
  /** Of the job's containers, as `docker run --label` takes it. */
  readonly label: string
}

/** @returns undefined if nothing is removed */
export function cleaningPlan(
  { clean, workFolder, name, metrics }: PublicConfiguration,
  { runnerFolder, root }: { runnerFolder: string; root: string },
): CleaningPlan | undefined {
  if (clean === "off") return undefined
  return {
    clean,
    workFolder,
    runnerFolder,
    temporary: ["tmp", "var/tmp", "dev/shm"].map((folder) => join(root, folder)),
    keep: [metrics.file, metrics.jobsLog],
    // The runner empties the folder before each job.
    started: join(workFolder, "_temp", ".runner-images-started"),
    label: `runner-images.runner=${name}`,
  }
}

/** Variables for the image's hooks, and for jobs. */
export function cleaningVariables(
  plan: CleaningPlan | undefined,
  { node }: Pick<ImagePaths, "node">,
): Record<string, string> {
  if (!plan) return {}
  return {
    [PLAN_VARIABLE]: JSON.stringify(plan),
    RUNNER_IMAGES_NODE: node,
    ...(plan.clean === "all" && { [STARTED_VARIABLE]: plan.started, [LABEL_VARIABLE]: plan.label }),
  }
}
