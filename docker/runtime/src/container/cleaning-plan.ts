import { lstatSync, readdirSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import type { PublicConfiguration } from "../configuration/configuration.js"
import type { Cleaning } from "../configuration/variables.js"
import type { Environment } from "../environment.js"
import { type Place, placeOf } from "../files/place.js"
import type { ImagePaths } from "../image-paths.js"
import type { Log } from "../log.js"

/** Tells this program to clean up after the job that it is started in: set by the image's hook. */
export const CLEANER_VARIABLE = "RUNNER_IMAGES_CLEANER"

/** The plan, in the environment that the supervisor starts the runner with. The image's hook looks only whether there is one. */
const PLAN_VARIABLE = "RUNNER_IMAGES_CLEANING"

/** What jobs give their containers to have them removed. */
const LABEL_VARIABLE = "RUNNER_CONTAINER_LABEL"

/** Of all names in a plan, in bytes: the kernel limits a variable to 128 KiB. */
const LONGEST_NAMES = 32 * 1024

/** What is removed between jobs, and where it is. All of it is known before the first job. */
export interface CleaningPlan {
  readonly clean: Exclude<Cleaning, "off">
  readonly workFolder: Place
  readonly temporary: readonly TemporaryFolder[]
  /** Of containers and networks, as `docker run --label` takes them. */
  readonly labels: readonly string[]
}

/** Where programs put temporary files. Names are in Latin-1, with a character for each byte. */
export interface TemporaryFolder extends Place {
  /** This user's entries from before the jobs. */
  readonly earlier: readonly string[]
  /** Files of this program that come later, and beginnings of their names while they are written. */
  readonly own: readonly string[]
}

/**
 * Notes what is there before the first job.
 *
 * @returns undefined if nothing is removed
 */
export function cleaningPlan(
  { clean, workFolder, name, metrics }: PublicConfiguration,
  { uid, root, log }: { readonly uid: number; readonly root: string; readonly log: Log },
): CleaningPlan | undefined {
  if (clean === "off") return undefined
  const own = [metrics.file, metrics.jobsLog]
  const folders = clean === "all" ? temporaryFolders(root).flatMap((folder) => noted(folder, uid, own)) : []
  const temporary = folders.filter(({ earlier }) => Buffer.byteLength(JSON.stringify(earlier)) <= LONGEST_NAMES)
  for (const { path } of folders.filter((folder) => !temporary.includes(folder)))
    log.warn(`jobs' files in ${path} will stay: it has too many other files of user ${String(uid)} to tell them apart`)
  return { clean, workFolder: placeOf(workFolder), temporary, labels: [`runner-images.runner=${name}`] }
}

/** Folders for temporary files in every image. */
export function temporaryFolders(root: string): string[] {
  return ["tmp", "var/tmp", "dev/shm"].map((folder) => join(root, folder))
}

/** None for a folder that cannot be read. */
function noted(folder: string, uid: number, own: readonly string[]): TemporaryFolder[] {
  try {
    const earlier = readdirSync(folder, "latin1").filter(
      (name) => lstatSync(Buffer.from(`${folder}/${name}`, "latin1"), { throwIfNoEntry: false })?.uid === uid,
    )
    const names = own.filter((path) => dirname(path) === folder).map((path) => basename(path))
    return [{ ...placeOf(folder), earlier, own: names }]
  } catch {
    return []
  }
}

/** For the runner, its hooks and its jobs. */
export function cleaningVariables(plan: CleaningPlan, { node }: Pick<ImagePaths, "node">): Record<string, string> {
  const [label = ""] = plan.labels
  return {
    [PLAN_VARIABLE]: JSON.stringify(plan),
    RUNNER_IMAGES_NODE: node,
    ...(plan.clean === "all" && { [LABEL_VARIABLE]: label }),
  }
}

/** The plan that an environment has. */
export function planIn(environment: Environment): CleaningPlan | undefined {
  const text = environment[PLAN_VARIABLE]
  return text === undefined ? undefined : (JSON.parse(text) as CleaningPlan)
}
