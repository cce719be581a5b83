import { RuntimeFailure } from "../failure.js"
import type { ListenerExit } from "../runner/events.js"
import type { ListenerEnd } from "../runner/listener.js"

/** What to do after the listener ended by itself. */
export type ListenerOutcome =
  | { readonly next: "done" }
  | { readonly next: "restart"; readonly why: string }
  | { readonly next: "failed"; readonly failure: RuntimeFailure }

/** The listener's own exit codes, used if no script around it says more: https://github.com/actions/runner, `Constants.cs`. */
const EXIT_OF_CODE: ReadonlyMap<number, ListenerExit> = new Map([
  [0, "success"],
  [1, "terminated"],
  [2, "retry"],
  [3, "updating"],
  [4, "updating"],
  [5, "session-conflict"],
  // The server changed the configuration, which has to be read again.
  [6, "updating"],
  [7, "version-refused"],
])

/** What the listener's output reported before it ended, and its exit code does not. */
export interface ListenerLog {
  readonly unregistered: boolean
  readonly versionRefused?: string | undefined
}

/** Judges the end of a listener that was not asked to stop. */
export function outcomeOf({ code, signal, exit }: ListenerEnd, log: ListenerLog): ListenerOutcome {
  if (log.versionRefused !== undefined) return refused(log.versionRefused)
  if (log.unregistered)
    return failed(
      "REGISTRATION",
      "GitHub no longer has this runner: somebody removed it, or it was offline for too long",
      "Start the container again to register it again.",
    )
  if (signal !== null)
    return failed(
      "UNCLASSIFIED",
      `the listener was ended by ${signal}`,
      "Check whether the container ran out of memory.",
    )
  switch (exit ?? EXIT_OF_CODE.get(code ?? 1)) {
    case "success":
      return { next: "done" }
    case "retry":
      return { next: "restart", why: "it reported a temporary error" }
    case "updating":
      return { next: "restart", why: "it updated itself" }
    case "session-conflict":
      return failed(
        "REGISTRATION",
        "another runner is connected to GitHub under this runner's name",
        "Set a different RUNNER_NAME for each container, or none.",
      )
    case "version-refused":
      return refused("this version of the runner is deprecated")
    case "terminated":
      return failed("UNCLASSIFIED", "the listener ended with an error", "Its output is above.")
    case "unknown":
    case undefined:
      return failed("UNCLASSIFIED", `the listener ended unexpectedly, with code ${code ?? 1}`, "Its output is above.")
  }
}

function refused(message: string): ListenerOutcome {
  return failed(
    "VERSION_REFUSED",
    `GitHub refuses this version of the runner: ${message}`,
    "Use a newer image. GitHub supports a release of the runner for 30 days after the next one.",
  )
}

function failed(...failure: ConstructorParameters<typeof RuntimeFailure>): ListenerOutcome {
  return { next: "failed", failure: new RuntimeFailure(...failure) }
}
