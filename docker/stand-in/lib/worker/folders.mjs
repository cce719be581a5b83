import { mkdirSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { ROOT } from "../version.mjs"

/**
 * Where a job works, as with the real runner.
 *
 * @typedef {object} Folders
 * @property {string} work
 * @property {string} workspace `WORK/example/example`, as the repository is called
 * @property {string} temporary emptied for each job
 * @property {string} tools
 */

/**
 * @param {string} workFolder
 * @param {import("../job-service.mjs").Job} job
 * @returns {Folders}
 */
export function prepareFolders(workFolder, { repository }) {
  const work = resolve(ROOT, workFolder)
  const name = repository.split("/").at(-1) ?? repository
  const { RUNNER_TOOL_CACHE, RUNNER_TOOLSDIRECTORY, AGENT_TOOLSDIRECTORY } = process.env
  const folders = {
    work,
    workspace: join(work, name, name),
    temporary: join(work, "_temp"),
    tools: RUNNER_TOOL_CACHE || RUNNER_TOOLSDIRECTORY || AGENT_TOOLSDIRECTORY || join(work, "_tool"),
  }
  rmSync(folders.temporary, { recursive: true, force: true })
  for (const folder of [folders.workspace, folders.temporary]) mkdirSync(folder, { recursive: true })
  return folders
}
