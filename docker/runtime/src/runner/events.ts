import { stripVTControlCharacters } from "node:util"
/** How a job ended, in the runner's words. */
export type JobResult = "Succeeded" | "SucceededWithIssues" | "Failed" | "Canceled" | "Skipped" | "Abandoned"

/** Exit codes of Runner.Listener, which run.sh turns into 0, except the last. */
export type ListenerExit =
  "success" | "terminated" | "retry" | "updating" | "session-conflict" | "unknown" | "version-refused"

/** What the runner reports in its output. */
export type RunnerEvent =
  | { readonly type: "connected" }
  | { readonly type: "listening" }
  | { readonly type: "job-started"; readonly name: string }
  | { readonly type: "job-completed"; readonly name: string; readonly result: JobResult }
  /** The connection is lost, and the runner keeps trying. */
  | { readonly type: "disconnected"; readonly reason: string }
  | { readonly type: "reconnected" }
  /** GitHub no longer has this runner. */
  | { readonly type: "unregistered" }
  /** GitHub no longer supports a runner as old as this one. */
  | { readonly type: "version-refused"; readonly message: string }
  /** The listener ended. run.sh starts it again after `retry` and `updating`. */
  | { readonly type: "listener-exited"; readonly exit: ListenerExit }

/** The time at the beginning of some lines: `2026-01-13 04:31:47Z: `. */
const TIME = String.raw`(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ: )?`

type Reader = readonly [pattern: RegExp, event: (match: RegExpExecArray) => RunnerEvent]

/** Lines of Runner.Listener, and of the script around it, which alone reports how it ended. */
const READERS: readonly Reader[] = [
  [/^√ Connected to GitHub$/, () => ({ type: "connected" })],
  [new RegExp(`^${TIME}Listening for Jobs$`), () => ({ type: "listening" })],
  [new RegExp(`^${TIME}Running job: (.*)$`), ([, name = ""]) => ({ type: "job-started", name })],
  [
    new RegExp(
      `^${TIME}Job (.*) completed with result: (Succeeded|SucceededWithIssues|Failed|Canceled|Skipped|Abandoned)$`,
    ),
    ([, name = "", result]) => ({ type: "job-completed", name, result: result as JobResult }),
  ],
  [new RegExp(`^${TIME}Runner reconnected\\.$`), () => ({ type: "reconnected" })],
  [
    new RegExp(`^${TIME}Runner connect error: (.*?)\\.? Retrying until reconnected\\.$`),
    ([, reason = ""]) => ({ type: "disconnected", reason }),
  ],
  [
    /^(?:Failed to create a session\. The runner registration has been deleted from the server|The runner no longer exists on the server)\b/,
    () => ({ type: "unregistered" }),
  ],
  [
    /^(?:An error occurr?ed: )?(.*Runner version \S+ is deprecated.*)$/,
    ([, message = ""]) => ({ type: "version-refused", message }),
  ],
  [/^Runner listener exit with 0 return code\b/, () => ({ type: "listener-exited", exit: "success" })],
  [/^Runner listener exit with terminated error\b/, () => ({ type: "listener-exited", exit: "terminated" })],
  [/^Runner listener exit with retryable error\b/, () => ({ type: "listener-exited", exit: "retry" })],
  [/^Runner listener exit because of updating\b/, () => ({ type: "listener-exited", exit: "updating" })],
  [
    /^Runner listener exit with Session Conflict error\b/,
    () => ({ type: "listener-exited", exit: "session-conflict" }),
  ],
  [
    /^Runner listener exit with deprecated version exit code\b/,
    () => ({ type: "listener-exited", exit: "version-refused" }),
  ],
  [/^Exiting with unknown error code: /, () => ({ type: "listener-exited", exit: "unknown" })],
]

/** The event that a line of the runner's output reports, if any. */
export function eventOf(line: string): RunnerEvent | undefined {
  // The runner writes colours if it believes that it has a terminal.
  const text = stripVTControlCharacters(line).trimEnd()
  for (const [pattern, event] of READERS) {
    const match = pattern.exec(text)
    if (match) return event(match)
  }
  return undefined
}
