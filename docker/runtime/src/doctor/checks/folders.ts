import type { Concern } from "../../container/concern.js"
import { toolCacheConcerns, toolCacheFolder } from "../../container/tool-cache-concern.js"
import { workFolderConcerns } from "../../container/work-folder.js"
import { RuntimeFailure } from "../../failure.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"
import { type Places, placesOf } from "../examination/places.js"

const CACHE = "tool cache"

/** The folders that a start would choose for the runner and for jobs, and what jobs will stumble over in them. */
export function checkFolders(examination: Examination): Finding[] {
  const { environment, user } = examination
  const { uid } = user()
  const concerns = toolCacheConcerns(environment, uid)
  const folder = toolCacheFolder(environment)
  return [
    ...runnerAndWork(examination, uid),
    ...(concerns.length === 0 ? [{ check: CACHE, status: "ok", text: `${folder} can be written to` } as const] : []),
    ...concerns.map((concern) => warning(CACHE, concern)),
  ]
}

function runnerAndWork(examination: Examination, uid: number): Finding[] {
  let places: Places | undefined
  try {
    places = placesOf(examination)
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    return [{ check: "folders", status: "problem", text: error.message, remedy: error.remedy, code: error.code }]
  }
  if (!places) return []
  const { runner, work } = places
  const { home } = examination
  const check = "work folder"
  return [
    {
      check: "runner folder",
      status: "ok",
      text: runner.copied ? `${home} is read-only for user ${uid}: the runner is in ${runner.path}` : runner.path,
    },
    work.instead === undefined
      ? { check, status: "ok", text: work.path }
      : { check, status: "warning", text: work.instead, remedy: "Mount a folder there that this user can write to" },
    ...workFolderConcerns(work.path, uid).map((concern) => warning(check, concern)),
  ]
}

function warning(check: string, { problem, remedy }: Concern): Finding {
  return { check, status: "warning", text: problem, remedy }
}
