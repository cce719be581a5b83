import type { Configuration } from "../../configuration/configuration.js"
import { dropPrivilegesOnly } from "../../container/accounts/privileges.js"
import { chooseUser } from "../../container/runner-user.js"
import type { Environment } from "../../environment.js"
import { RuntimeFailure } from "../../failure.js"
import type { Finding } from "./finding.js"

/** The user that this process is from now on, since the runner would be. */
export interface SettledUser {
  readonly uid: number
  /** Root would give the work folder to it first. */
  readonly givesWorkFolder: boolean
  /** Absent where there is no choice. */
  readonly finding?: Finding
}

/** Becomes the user that the runner would run as, if this is root, and without changing any folder. What is examined after that is what a runner finds. */
export function settleUser(
  configuration: Configuration | undefined,
  { environment, home, uid }: { environment: Environment; home: string; uid: number },
): SettledUser {
  const check = "user"
  const same = { uid, givesWorkFolder: false }
  if (uid !== 0 || !configuration) return same
  try {
    const { becomes, concern } = chooseUser(configuration, { environment, home, uid })
    if (concern)
      return { ...same, finding: { check, status: "warning", text: concern.problem, remedy: concern.remedy } }
    if (!becomes) return same
    const givesWorkFolder = dropPrivilegesOnly(becomes, configuration.workFolder, configuration.reuseFolder)
    const text = `root, which becomes user ${becomes.uid} for the runner and its jobs`
    return { uid: becomes.uid, givesWorkFolder, finding: { check, status: "ok", text } }
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    const { message, remedy, code } = error
    return { ...same, finding: { check, status: "problem", text: message, remedy, code } }
  }
}
