import type { PublicConfiguration } from "../configuration/configuration.js"
import type { Environment } from "../environment.js"
import type { Concern } from "./concern.js"
import { dockerAddress, socketGroup } from "./docker-socket.js"
import type { Account } from "./accounts/become-user.js"
import { mayDropPrivileges, runnerAccount } from "./accounts/privileges.js"

/** As whom the runner and its jobs run: as the container's user, or as another that root becomes first. */
export type RunnerUser =
  { readonly becomes?: undefined; readonly concern?: Concern } | { readonly becomes: Account; readonly concern?: never }

/**
 * Chooses the user of the runner.
 *
 * @param home of the image's user
 */
export function chooseUser(
  { runAsRoot }: Pick<PublicConfiguration, "runAsRoot">,
  { environment, home, uid }: { environment: Environment; home: string; uid: number },
): RunnerUser {
  if (uid !== 0) return {}
  if (runAsRoot === true)
    return {
      concern: {
        problem:
          "the runner and its jobs run as root, as RUN_AS_ROOT=true requests: jobs can reach every secret of this container",
        remedy: "Leave RUN_AS_ROOT out unless jobs need root",
      },
    }
  if (runAsRoot === undefined && !mayDropPrivileges())
    return {
      concern: {
        problem:
          "the runner and its jobs run as root, because this container cannot drop root's privileges: jobs can reach every secret of it",
        remedy: "Start it with --user 1001, or with --cap-add CHOWN,KILL,SETUID,SETGID",
      },
    }
  const group = socketGroup(dockerAddress(environment))
  return { becomes: runnerAccount(home, group === undefined ? [] : [group]) }
}
