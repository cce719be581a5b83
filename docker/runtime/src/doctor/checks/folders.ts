import type { Concern } from "../../container/concern.js"
import { chooseToolCache } from "../../container/tool-cache.js"
import { workFolderConcerns } from "../../container/work-folder.js"
import { RuntimeFailure } from "../../failure.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"
import { type Places, placesOf } from "../examination/places.js"

/** The folders that a start would choose for the runner and for jobs, and what jobs will stumble over in them. */
export function checkFolders(examination: Examination): Finding[] {
  const { uid } = examination.user()
  let places: Places | undefined
  const problems: Finding[] = []
  try {
    places = placesOf(examination)
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    problems.push({ check: "folders", status: "problem", text: error.message, remedy: error.remedy, code: error.code })
  }
  return [...problems, ...(places ? runnerAndWork(places, examination.home, uid) : []), toolCache(examination, places)]
}

function toolCache({ environment, user }: Examination, places: Places | undefined): Finding {
  const { folder, concern } = chooseToolCache(environment, places?.work.path, user().uid)
  const check = "tool cache"
  return concern ? warning(check, concern) : { check, status: "ok", text: `${folder} can be written to` }
}

function runnerAndWork({ runner, work }: Places, home: string, uid: number): Finding[] {
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
