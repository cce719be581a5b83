import { runnerFolderOptions } from "../../container/prepare.js"
import { chooseWorkFolder, type WorkFolder } from "../../container/work-folder.js"
import { chooseRunnerFolder, type RunnerFolder } from "../../runner/folder.js"
import type { Examination } from "./examination.js"

/** Where the runner would be, and where its jobs would work. */
export interface Places {
  readonly runner: RunnerFolder
  readonly work: WorkFolder
}

/**
 * The places that a start would choose, and nothing is changed.
 *
 * @returns undefined if the configuration is not valid, or if there is no user to run as
 * @throws {RuntimeFailure} CONFIGURATION as a start would
 */
export function placesOf({ configuration, home, root, user }: Examination): Places | undefined {
  const { uid, givesWorkFolder, finding } = user()
  if (!configuration || finding?.status === "problem") return undefined
  const runner = chooseRunnerFolder(runnerFolderOptions({ home, root }, uid))
  return { runner, work: chooseWorkFolder(configuration.workFolder, runner, givesWorkFolder) }
}
